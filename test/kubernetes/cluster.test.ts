/** What the API server says of itself and of the nodes. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createKubernetesClient } from "../../lib/kubernetes/client.ts";
import { createClusterReader, type NodeFacts } from "../../lib/kubernetes/cluster.ts";
import { type KubernetesFake, startKubernetes } from "../fakes/kubernetes.ts";

setDefaultTimeout(60_000);

const ACCOUNT = "piggy-webhooks:piggy-webhooks";

let kubernetes: KubernetesFake;
let cluster: ReturnType<typeof createClusterReader>;
beforeEach(async () => {
  kubernetes = await startKubernetes();
  const [namespace = "", name = ""] = ACCOUNT.split(":");
  kubernetes.add({ kind: "ServiceAccount", metadata: { namespace, name } });
  const token = await kubernetes.token({ namespace, serviceAccount: name });
  const url = `https://${kubernetes.host}:${kubernetes.port}`;
  const config = { url, ca: kubernetes.caPem, namespace, tokenFile: "" };
  const source = { current: () => Promise.resolve(token), forget() {} };
  cluster = createClusterReader(createKubernetesClient(config, source));
});
afterEach(() => kubernetes.stop());

const soon = () => AbortSignal.timeout(30_000);
const grant = () => kubernetes.grant(ACCOUNT, { resource: "nodes", verb: "list" });

function addNode(
  name: string,
  labels: Record<string, string> = {},
  containerRuntimeVersion = "containerd://2.1.5",
) {
  const nodeInfo = { kubeletVersion: "v1.35.1", containerRuntimeVersion };
  kubernetes.add({ kind: "Node", metadata: { name, labels }, status: { nodeInfo } });
}

async function visited(visit: (node: NodeFacts) => void = () => {}) {
  const nodes: NodeFacts[] = [];
  const outcome = await cluster.visitNodes((node) => {
    nodes.push(node);
    visit(node);
    return "on";
  }, soon());
  return { outcome, nodes };
}

describe("the nodes", () => {
  test("say their kubelet and their runtime", async () => {
    grant();
    addNode("a", { "kubernetes.io/os": "linux" });
    expect(await visited()).toEqual({
      outcome: "visited",
      nodes: [{ name: "a", kubeletVersion: "v1.35.1", containerRuntime: "containerd://2.1.5" }],
    });
  });

  test("for Windows are left out, and those without a label are not", async () => {
    grant();
    addNode("linux", { "kubernetes.io/os": "linux" });
    addNode("unlabelled");
    addNode("windows", { "kubernetes.io/os": "windows" });
    expect((await visited()).nodes.map(({ name }) => name)).toEqual(["linux", "unlabelled"]);
  });

  test("are read in pages of 500", async () => {
    grant();
    for (let index = 0; index < 1200; index += 1) addNode(`node-${String(index).padStart(4, "0")}`);
    const { nodes } = await visited();
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(1200);
    const paths = kubernetes.looks.map(({ path }) => path);
    expect(paths).toHaveLength(3);
    for (const path of paths) expect(path).toContain("includeObject=None&limit=500");
  });

  test("of which enough is known are not read to their end", async () => {
    grant();
    for (let index = 0; index < 600; index += 1) addNode(`node-${index}`);
    const seen: string[] = [];
    const outcome = await cluster.visitNodes(({ name }) => {
      seen.push(name);
      return "enough";
    }, soon());
    expect(outcome).toBe("visited");
    expect(seen).toHaveLength(1);
    expect(kubernetes.looks).toHaveLength(1);
  });

  test("are read anew when the next page is gone", async () => {
    grant();
    for (let index = 0; index < 600; index += 1) addNode(`node-${index}`);
    let isFirst = true;
    const { outcome, nodes } = await visited(() => {
      if (isFirst) kubernetes.compact();
      isFirst = false;
    });
    expect(outcome).toBe("visited");
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(600);
    expect(kubernetes.looks.map(({ status }) => status)).toEqual([200, 410, 200, 200]);
  });

  test("are given up when it is gone again and again", async () => {
    grant();
    for (let index = 0; index < 600; index += 1) addNode(`node-${index}`);
    await expect(visited(() => kubernetes.compact())).rejects.toMatchObject({ code: "kubernetes_error" });
    expect(kubernetes.looks.map(({ status }) => status)).toEqual([200, 410, 200, 410, 200, 410]);
  });

  test("that may not be listed are no failure", async () => {
    addNode("a");
    expect(await visited()).toEqual({ outcome: "forbidden", nodes: [] });
  });

  test("of which nothing is heard are one", async () => {
    grant();
    kubernetes.failNext({ status: 503, times: 1 });
    await expect(visited()).rejects.toMatchObject({ code: "kubernetes_unavailable" });
  });
});

describe("a node of Fargate", () => {
  test("is found by its label", async () => {
    grant();
    addNode("a");
    expect(await cluster.findFargateNode(soon())).toBeUndefined();
    addNode("fargate-ip-10-0-0-1", { "eks.amazonaws.com/compute-type": "fargate" });
    expect(await cluster.findFargateNode(soon())).toBe("fargate-ip-10-0-0-1");
  });
});

describe("the API server", () => {
  test("says its version, whatever a provider hangs on it", async () => {
    kubernetes.version = { major: "1", minor: "35+" };
    expect(await cluster.readServerVersion(soon())).toEqual({ major: "1", minor: "35+" });
  });
});

describe("an answer that is not the one asked for", () => {
  const answering = (object: object) =>
    createClusterReader({
      request: () => Promise.resolve({ ok: true, object: JSON.parse(JSON.stringify(object)) }),
    });
  const table = { kind: "Table", columnDefinitions: [{ name: "Name" }], rows: [] };

  test.each([
    ["a list of objects", { kind: "NodeList", items: [] }],
    ["a Table without the columns", table],
  ])("is a failure: %s", async (_, object) => {
    const visit = answering(object).visitNodes(() => "on", soon());
    await expect(visit).rejects.toMatchObject({ code: "kubernetes_error" });
  });
});
