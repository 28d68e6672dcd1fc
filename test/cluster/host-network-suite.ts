/** Replicas in their node's network, as where the API server cannot reach Pods, on a real node. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually, podsOf } from "../apiserver/objects.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import { REGION } from "../support/world.ts";
import { runKubectl } from "./apply-template.ts";
import { type ChartInstallation, installChart, OWN_NAMESPACE, RELEASE, runHelm } from "./installation.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, runToEnd } from "./pods.ts";
import { pushCompiled } from "./program-image.ts";
import { restrictedPod } from "./restricted-pod.ts";

const APP = new URL("../../demo/app/app.c", import.meta.url);
const NAMESPACE = "shop";
const SECRET = "shop/sample";
const VALUE = "from AWS";

let node: OneNode;
let installation: ChartInstallation;
let image: string;
beforeAll(async () => {
  node = await startOneNode();
  // Another would find the port taken on the one node that there is.
  const values = { hostNetwork: true, replicaCount: 1 };
  installation = await installChart(node, { values, standard: {} });
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  image = await pushCompiled(node, "app", APP);
  await addLiveNamespace(node.cluster, NAMESPACE);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
  await rolledOut();
});
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
});

const parseReplicas = object(
  {
    items: list(
      object(
        {
          metadata: object({ name: string, labels: object({}, { changed: string }) }, {}),
          status: object({}, { podIP: string, hostIP: string, phase: string }),
        },
        {},
      ),
    ),
  },
  {},
);

/** Those that run. */
async function replicas() {
  const selector = encodeURIComponent(`app.kubernetes.io/name=${RELEASE}`);
  const { body } = await node.cluster.admin.call("GET", `${podsOf(OWN_NAMESPACE)}?labelSelector=${selector}`);
  return parseReplicas(body, "PodList").items.filter(({ status }) => status.phase === "Running");
}

/** Helm waits for none of a Deployment of which one may be away, and the Service leads to a replica a moment later. */
async function rolledOut(): Promise<void> {
  const options = ["--namespace", OWN_NAMESPACE, "--timeout=2m"];
  await runKubectl(node.cluster, "rollout", "status", `deployment/${RELEASE}`, ...options);
  await eventually("Pods are admitted", async () => {
    const path = `${podsOf(NAMESPACE)}?dryRun=All`;
    return (await node.cluster.admin.call("POST", path, podOf("of-many"))).status === 201;
  });
}

function starts(name: string): Promise<string> {
  return runToEnd(node.cluster, NAMESPACE, podOf(name));
}

function podOf(name: string) {
  const annotations = { "piggysec.com/aws-secret-name": SECRET };
  return restrictedPod({ namespace: NAMESPACE, name, image, annotations });
}

test("a Pod is admitted, and starts with its secret", async () => {
  const [replica, ...others] = await replicas();
  expect(others).toEqual([]);
  expect(replica?.status.podIP).toBe(replica?.status.hostIP ?? "none");
  expect(await starts("first")).toContain(`\nTEST_ENV=${VALUE}\n`);
});

test("an upgrade comes to its end where there is no node more, and Pods start as before", async () => {
  await runHelm(node, installation, "upgrade", installation.chart, {
    ...installation.values,
    podLabels: { changed: "yes" },
  });
  await rolledOut();
  expect((await replicas()).map(({ metadata }) => metadata.labels.changed)).toEqual(["yes"]);
  expect(await starts("second")).toContain(`\nTEST_ENV=${VALUE}\n`);
});
