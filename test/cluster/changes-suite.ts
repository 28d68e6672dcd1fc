/** What an operator changes of a release while Pods are created, on a real node. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { environmentOf, isWrapped } from "../admission/mutation.ts";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { list, object } from "../fakes/kubernetes/schema.ts";
import { REGION } from "../support/world.ts";
import {
  type ChartInstallation,
  OWN_NAMESPACE,
  prepareChart,
  RELEASE,
  RESTRICTED,
  runHelm,
} from "./installation.ts";
import { caBundle, ownSecret, servedSince, serviceAddress } from "./kept-certificate.ts";
import { killProcess } from "./kill-process.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addOperatorsCertificate } from "./operators-certificate.ts";
import { addLiveNamespace, addPullSecret, logOf, says, stored } from "./pods.ts";
import { LINGER, pushCompiled } from "./program-image.ts";
import { restrictedPod } from "./restricted-pod.ts";
import { startStream } from "./stream.ts";

const NAMESPACE = "restricted";
const SECRET = "restricted/sample";
const VALUE = "from AWS";
const PORT = 8443;
const HOST = `${RELEASE}.${OWN_NAMESPACE}.svc`;

let node: OneNode;
let installation: ChartInstallation;
let values: object;
let image: string;
beforeAll(async () => {
  node = await startOneNode();
  installation = await prepareChart(node);
  values = { ...installation.values, service: { port: PORT } };
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  image = await pushCompiled(node, "linger", LINGER);
  await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
  await runHelm(node, installation, "install", installation.chart, values);
  await eventually("Pods are admitted", () =>
    admit()
      .then(() => true)
      .catch(() => false),
  );
});
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
});

/** There is no DNS in this cluster. */
async function podOf(name: string, more: Readonly<Record<string, string>> = {}) {
  const { spec, ...rest } = restrictedPod({
    namespace: NAMESPACE,
    name,
    image,
    annotations: { "piggysec.com/aws-secret-name": SECRET, ...more },
    container: {
      command: ["/program"],
      args: [name],
      env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }],
    },
    restartPolicy: "Always",
  });
  const hostAliases = [{ ip: await serviceAddress(node.cluster), hostnames: [HOST] }];
  return { ...rest, spec: { ...spec, hostAliases } };
}

/** Not stored. */
async function admit(): Promise<void> {
  const path = `${podsOf(NAMESPACE)}?dryRun=All`;
  const { status, body } = await node.cluster.admin.call("POST", path, await podOf("of-many"));
  if (status !== 201) throw new Error(`${status} ${String(body["message"])}`);
  if (!isWrapped(parsePod(body, "Pod"))) throw new Error("admitted as it came");
}

describe("with a Service at another port than 443", () => {
  test("a Pod asks there, at the Service's address", async () => {
    await add(node.cluster, podsOf(NAMESPACE), await podOf("by-address"));
    await says(node.cluster, NAMESPACE, "by-address", VALUE);
    expect(environmentOf(parsePod(await stored(node.cluster, NAMESPACE, "by-address"), "Pod"))).toMatchObject(
      {
        PIGGY_ADDRESS: `https://${HOST}:${PORT}`,
        PIGGY_SERVICE: `${await serviceAddress(node.cluster)}:${PORT}`,
      },
    );
  });

  test("a Pod that is given no address asks there by name", async () => {
    const pod = await podOf("by-name", { "piggysec.com/piggy-skip-verify-tls": "true" });
    await add(node.cluster, podsOf(NAMESPACE), pod);
    await says(node.cluster, NAMESPACE, "by-name", VALUE);
    expect(
      environmentOf(parsePod(await stored(node.cluster, NAMESPACE, "by-name"), "Pod")),
    ).not.toHaveProperty("PIGGY_SERVICE");
  });
});

describe("where tls.mode is changed and changed back", () => {
  const NAME = "by-address";
  const secretName = "of-the-operator";
  let operators: string;
  beforeAll(async () => {
    operators = await addOperatorsCertificate(node.cluster, secretName);
  });

  /** Upgrades while Pods are created, and others connect anew each time. @returns what Helm said */
  async function upgrade(tls: object): Promise<string> {
    const address = await serviceAddress(node.cluster);
    const admissions = startStream(admit, 20);
    const connections = startStream(
      async () => void (await servedSince(address, await caBundle(node.cluster), PORT)),
      20,
    );
    const said = await runHelm(node, installation, "upgrade", installation.chart, { ...values, tls });
    await eventually("the replicas before are gone", onlyReplicasOfNow);
    expect(await connections.stop()).toEqual([]);
    expect(await admissions.stop()).toEqual([]);
    expect(Math.min(admissions.count(), connections.count())).toBeGreaterThan(20);
    return said;
  }

  const parsePods = object({ items: list(object({}, {})) }, {});
  async function onlyReplicasOfNow(): Promise<boolean> {
    const labels = `app.kubernetes.io/name=${RELEASE}`;
    const path = `${podsOf(OWN_NAMESPACE)}?labelSelector=${encodeURIComponent(labels)}`;
    return parsePods((await node.cluster.admin.call("GET", path)).body, "PodList").items.length === 2;
  }

  test("to a certificate of the operator's: Pods are admitted all the while, and Helm says what else it means", async () => {
    const own = (await ownSecret(node.cluster))?.["ca.crt"];
    expect(await upgrade({ mode: "secret", secretName })).toContain("kubectl rollout restart");
    expect(await caBundle(node.cluster)).toBe(`${operators}\n${own}`);
  });

  test("a container of a Pod from before does not start again, and says why", async () => {
    await killProcess(["/program", NAME]);
    await eventually("it says so", async () => {
      const log = await logOf(node.cluster, NAMESPACE, NAME).catch(() => "");
      return log.includes('"code":"webhook_untrusted"');
    });
  });

  test("the operator's CA stands alone after the next upgrade, of which Helm says nothing", async () => {
    const said = await runHelm(node, installation, "upgrade", installation.chart, {
      ...values,
      tls: { mode: "secret", secretName },
      replicaCount: 2,
    });
    expect(said).not.toContain("kubectl rollout restart");
    expect(await caBundle(node.cluster)).toBe(operators);
  });

  test("to its own, which is the one from before: Pods are admitted all the while, and the Pod starts again", async () => {
    const before = await ownSecret(node.cluster);
    expect(await upgrade({})).toContain("kubectl rollout restart");
    expect(await ownSecret(node.cluster)).toEqual(before);
    await says(node.cluster, NAMESPACE, NAME, VALUE);
  });
});
