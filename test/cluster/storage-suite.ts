/** What a Pod may put on a disk when the injector is copied to it, by a real kubelet's evictions. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { list, number, object, string } from "../fakes/kubernetes/schema.ts";
import { compiledC } from "../support/programs.ts";
import { REGION } from "../support/world.ts";
import { type ChartInstallation, installChart, RESTRICTED } from "./installation.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, logOf } from "./pods.ts";
import { buildProgramImage } from "./program-image.ts";
import { restrictedPod } from "./restricted-pod.ts";

const NAMESPACE = "restricted";
const SECRET = "restricted/sample";
/** Of the container's ephemeral-storage: less than the injector takes. */
const LIMIT_MI = 16;

let node: OneNode;
let installation: ChartInstallation;
let image: string;
beforeAll(async () => {
  // A node counts what Pods have on its disk; how much that is it looks at once a minute, if it is not told otherwise.
  node = await startOneNode({
    kubelet: { localStorageCapacityIsolation: true, volumeStatsAggPeriod: "1s" },
  });
  installation = await installChart(node);
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: "any" }) });
  const program = await compiledC(fileURLToPath(new URL("hoard.c", import.meta.url)), "hoard");
  await buildProgramImage(node.buildah, "localhost/hoard", program);
  image = await node.push("localhost/hoard", "tests/hoard:1");
  await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
});
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
});

/** Creates a Pod that is to keep so much on the disk. */
async function create(name: string, keptMi: number): Promise<void> {
  const annotations = { "piggysec.com/aws-secret-name": SECRET, "piggysec.com/piggy-delivery": "init" };
  const { spec, ...rest } = restrictedPod({
    namespace: NAMESPACE,
    name,
    image,
    annotations,
    container: {
      args: [String(keptMi)],
      env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }],
      resources: { limits: { cpu: "200m", memory: "64Mi", "ephemeral-storage": `${LIMIT_MI}Mi` } },
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    },
  });
  const volumes = [{ name: "data", emptyDir: {} }];
  await add(node.cluster, podsOf(NAMESPACE), { ...rest, spec: { ...spec, volumes } });
}

const usage = object({}, { usedBytes: number });
const parseSummary = object(
  { pods: list(object({ podRef: object({ name: string }, {}) }, { "ephemeral-storage": usage })) },
  {},
);

/** What the kubelet has found that a Pod has on the disk, in MiB; zero where it has not looked yet. */
async function found(name: string): Promise<number> {
  const { body } = await node.cluster.admin.call("GET", "/api/v1/nodes/node/proxy/stats/summary");
  const pod = parseSummary(body, "Summary").pods.find(({ podRef }) => podRef.name === name);
  return (pod?.["ephemeral-storage"]?.usedBytes ?? 0) / 2 ** 20;
}

const parseStatus = object({ status: object({ phase: string }, { reason: string }) }, {});

async function statusOf(name: string) {
  const { body } = await node.cluster.admin.call("GET", `${podsOf(NAMESPACE)}/${name}`);
  return parseStatus(body, "Pod").status;
}

test("a Pod keeps what its limit lets it, besides the injector; one that keeps more is evicted", async () => {
  await create("within", LIMIT_MI - 1);
  await eventually("it keeps as much as it may", async () => {
    const log = await logOf(node.cluster, NAMESPACE, "within").catch(() => "");
    return log.includes("done\n");
  });
  const { body } = await node.cluster.admin.call("GET", `${podsOf(NAMESPACE)}/within`);
  expect(parsePod(body, "Pod").spec.initContainers?.map(({ name }) => name)).toEqual(["install-piggy-env"]);
  await eventually("the kubelet has found more than the limit", async () => {
    return (await found("within")) > LIMIT_MI;
  });
  await create("beyond", LIMIT_MI + 8);
  // The kubelet looks at all Pods at once.
  await eventually("the kubelet evicts", async () => (await statusOf("beyond")).reason === "Evicted");
  expect(await statusOf("within")).toEqual(expect.objectContaining({ phase: "Running" }));
  expect(await found("within")).toBeGreaterThan(LIMIT_MI * 2);
});
