/** What the chart gives piggy-webhooks of memory, in a large cluster, while much is asked. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isWrapped } from "../admission/mutation.ts";
import { eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { REGION } from "../support/world.ts";
import { type AuditLog, createAuditLog } from "./audit.ts";
import { type ContainerMemory, inMebibytes, memoryOf } from "./container-memory.ts";
import { createAsking, createInjector } from "./injector-request.ts";
import { type ChartInstallation, installChart, OWN_NAMESPACE, RELEASE, RESTRICTED } from "./installation.ts";
import { addNodes } from "./many-nodes.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace } from "./pods.ts";
import { restrictedPod } from "./restricted-pod.ts";
import { startStream } from "./stream.ts";

const NODES = 5_000;
const NEW = { kubeletVersion: "v1.36.3-eks-0a1b2c3", containerRuntimeVersion: "containerd://2.1.5" };
const OLD = { ...NEW, containerRuntimeVersion: "containerd://1.7.28" };
/** How much of each is asked, by how many at once. */
const OFTEN = 500;
const AT_ONCE = 8;

const NAMESPACE = "shop";
const SECRET = "shop/sample";
const PROGRAM = ["/program"];
const MIB = 2 ** 20;
/** Of 5,000 nodes the first look takes a busy machine a while. */
const PATIENCE_MS = 180_000;

let folder: string;
let audit: AuditLog;
let node: OneNode;
let installation: ChartInstallation;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "piggy-audit-"));
  audit = await createAuditLog(folder, `system:serviceaccount:${OWN_NAMESPACE}:${RELEASE}`);
  node = await startOneNode({
    server: audit.options,
    // Nobody hears of most of its nodes.
    controllers: { controllers: "*,-ttl-controller", "node-monitor-grace-period": "1h" },
  });
  // Of a DaemonSet each node would have a Pod.
  installation = await installChart(node, { values: { prePull: { enabled: false } } });
  const value = JSON.stringify({ TEST_ENV: "from AWS" });
  installation.aws.putSecret({ region: REGION, name: SECRET, value });
  await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
});
// It takes as long again.
beforeAll(() => addNodes(node.cluster, 0, NODES, NEW));
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
  await rm(folder, { recursive: true, force: true });
});

const podOf = (name: string) =>
  restrictedPod({
    namespace: NAMESPACE,
    name,
    image: "registry.example.com/app:1",
    annotations: { "piggysec.com/aws-secret-name": SECRET },
    container: { command: PROGRAM, env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }] },
  });

/** Admitted, and not stored. */
async function admit() {
  const { status, body } = await node.cluster.admin.call(
    "POST",
    `${podsOf(NAMESPACE)}?dryRun=All`,
    podOf("of-many"),
  );
  if (status !== 201) throw new Error(`${status} ${String(body["message"])}`);
  return parsePod(body, "Pod");
}

const looks = async () => (await audit.requests()).filter(({ path }) => path === "/version").length;

test("nodes are as large as those of a cluster, and read in pages of their versions alone", async () => {
  const { body } = await node.cluster.admin.call("GET", "/api/v1/nodes?limit=2");
  expect(JSON.stringify(body).length / 2).toBeGreaterThan(15_000);
  const begun = await looks();
  await eventually("both replicas look at them", async () => (await looks()) >= begun + 4, PATIENCE_MS);
  const lists = (await audit.requests()).filter(
    ({ verb, resource }) => verb === "list" && resource === "nodes",
  );
  const queries = lists.map(({ path }) => new URL(path, "https://api").searchParams);
  expect(
    queries.filter((query) => Number(query.get("limit")) > 500 || query.get("includeObject") !== "None"),
  ).toEqual([]);
  expect(queries.filter((query) => query.has("continue")).length).toBeGreaterThanOrEqual(
    2 * (NODES / 500 - 1),
  );
});

test("an old one among them is seen", async () => {
  const isByImage = async () => {
    const pod = await admit();
    return isWrapped(pod) && pod.spec.initContainers === undefined;
  };
  await eventually("the injector comes as an image volume", isByImage, PATIENCE_MS);
  await addNodes(node.cluster, NODES, NODES + 1, OLD);
  await eventually("it comes by an init container", async () => !(await isByImage()), PATIENCE_MS);
});

test("no replica needs more than the chart gives it, while Pods are admitted and ask for secrets", async () => {
  const injector = await createInjector(node.cluster, podOf("asks"), PROGRAM);
  const ask = await createAsking(node.cluster);
  const handOut = async () => {
    const { status, text } = await ask(injector);
    if (status !== 200) throw new Error(`${status} ${text}`);
  };
  const streams = [async () => void (await admit()), handOut].map((step) =>
    Array.from({ length: AT_ONCE }, () => startStream(step, 0)),
  );
  const begun = await looks();
  const samples: ContainerMemory[] = [];
  await eventually(
    "all is asked often enough, and both replicas have looked at the nodes",
    async () => {
      samples.push(...(await memoryOf("/piggy-webhooks")));
      const counts = streams.map((each) => each.reduce((sum, { count }) => sum + count(), 0));
      return Math.min(...counts) >= OFTEN && (await looks()) >= begun + 6;
    },
    PATIENCE_MS,
  );
  expect((await Promise.all(streams.flat().map(({ stop }) => stop()))).flat()).toEqual([]);

  const most = Math.max(...samples.map(({ anonymous }) => anonymous));
  console.log(`      ${inMebibytes(most)} MiB of ${samples.map(({ limit }) => inMebibytes(limit))[0]} MiB`);
  expect(new Set(samples.map(({ limit }) => limit))).toEqual(new Set([128 * MIB]));
  expect(samples.filter(({ kills }) => kills > 0)).toEqual([]);
  const pods = `${podsOf(OWN_NAMESPACE)}?labelSelector=${encodeURIComponent(`app.kubernetes.io/name=${RELEASE}`)}`;
  const { body } = await node.cluster.admin.call("GET", pods);
  const never = { status: { containerStatuses: [{ restartCount: 0, ready: true }] } };
  expect(body).toMatchObject({ items: [never, never] });
});
