/** The cluster itself: a real node runs what the API server was given. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { compiledC } from "../support/programs.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, runToEnd } from "./pods.ts";
import { buildProgramImage } from "./program-image.ts";

const NAMESPACE = "plain";

let node: OneNode;
let image: string;
beforeAll(async () => {
  node = await startOneNode();
  const app = await compiledC(fileURLToPath(new URL("../../demo/app/app.c", import.meta.url)), "app");
  await buildProgramImage(node.buildah, "localhost/app", app);
  image = await node.push("localhost/app", "team/app:1");
  await addLiveNamespace(node.cluster, NAMESPACE);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
});
afterAll(() => node?.stop());

const podOf = (name: string, spec: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    restartPolicy: "Never",
    containers: [{ name: "app", image, env: [{ name: "TEST_ENV", value: "plain" }] }],
    ...spec,
  },
});

test("the registry is private: without its credentials the image is not pulled", async () => {
  const path = podsOf(NAMESPACE);
  await add(node.cluster, path, podOf("stranger", {}));
  await eventually("the kubelet says so", async () => {
    const { body } = await node.cluster.admin.call("GET", `${path}/stranger`);
    // Of the first try, and until the next.
    return ["ErrImagePull", "ImagePullBackOff"].some((reason) => {
      const waiting = { state: { waiting: { reason } } };
      return Bun.deepMatch({ status: { containerStatuses: [waiting] } }, body);
    });
  });
  await node.cluster.admin.call("DELETE", `${path}/stranger?gracePeriodSeconds=0`);
});

test("a Pod of a scratch image from a private registry runs, and its log is read", async () => {
  const pod = podOf("private", { imagePullSecrets: [{ name: "registry" }] });
  expect(await runToEnd(node.cluster, NAMESPACE, pod)).toContain("\nTEST_ENV=plain\n");
});
