import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type KubernetesFake, startKubernetes } from "../kubernetes.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

let kubernetes: KubernetesFake;
let token: string;
beforeAll(async () => {
  kubernetes = await startKubernetes();
  kubernetes.grant("piggy:server", { resource: "nodes", verb: "list" });
  kubernetes.add({ kind: "ServiceAccount", metadata: { name: "server", namespace: "piggy" } });
  token = await kubernetes.token({ namespace: "piggy", serviceAccount: "server" });
});
afterAll(() => kubernetes.stop());

beforeEach(() => {
  for (const name of ["c", "a", "d", "b"]) {
    const labels = {
      "kubernetes.io/os": name === "d" ? "windows" : "linux",
      "node-role.kubernetes.io/x": "",
    };
    const nodeInfo = {
      kubeletVersion: "v1.35.1",
      containerRuntimeVersion: "containerd://2.1.5",
      kernelVersion: "6.12",
      architecture: "arm64",
    };
    const addresses = [{ type: "InternalIP", address: "10.0.0.1" }];
    const conditions = [{ type: "Ready", status: "True" }];
    kubernetes.add({ kind: "Node", metadata: { name, labels }, status: { nodeInfo, addresses, conditions } });
  }
});

async function list(query = "", accept = TABLE) {
  const response = await fetch(`https://${kubernetes.host}:${kubernetes.port}/api/v1/nodes?${query}`, {
    tls: { ca: kubernetes.caPem },
    headers: { authorization: `Bearer ${token}`, accept },
  });
  const body = JSON.parse(await response.text());
  const names: readonly string[] | undefined = body.rows?.map((row: { cells: string[] }) => row.cells[0]);
  return { status: response.status, body, names };
}

describe("nodes as a Table", () => {
  test("are what kubectl shows, wide columns and all", async () => {
    const { body } = await list("includeObject=None&limit=1");
    const names = body.columnDefinitions.map(({ name }: { name: string }) => name);
    const cells = Object.fromEntries(names.map((name: string, at: number) => [name, body.rows[0].cells[at]]));
    expect(body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1", rows: [{ object: null }] });
    expect(cells).toEqual({
      Name: "a",
      Status: "Ready",
      Roles: "x",
      Age: "5d",
      Version: "v1.35.1",
      "Internal-IP": "10.0.0.1",
      "External-IP": "<none>",
      "OS-Image": "<unknown>",
      "Kernel-Version": "6.12 (arm64)",
      "Container-Runtime": "containerd://2.1.5",
    });
  });

  test("come in pages, in the order of their names, as they were when the list was begun", async () => {
    const first = await list("limit=3");
    kubernetes.remove("Node", undefined, "d");
    kubernetes.add({ kind: "Node", metadata: { name: "e" } });
    const second = await list(`limit=3&continue=${first.body.metadata.continue}`);
    kubernetes.remove("Node", undefined, "e");
    expect([first.names, second.names]).toEqual([["a", "b", "c"], ["d"]]);
    expect(second.body.metadata).not.toHaveProperty("continue");
  });

  test("go on no more after a compaction", async () => {
    const { body } = await list("limit=3");
    kubernetes.compact();
    const gone = await list(`limit=3&continue=${body.metadata.continue}`);
    expect(gone).toMatchObject({ status: 410, body: { kind: "Status", reason: "Expired", code: 410 } });
  });

  test("with metadata unless it is not wanted", async () => {
    expect((await list()).body.rows[0].object).toMatchObject({
      kind: "PartialObjectMetadata",
      metadata: { name: "a" },
    });
  });

  test.each([
    ["kubernetes.io/os=linux", ["a", "b", "c"]],
    ["kubernetes.io/os!=linux", ["d"]],
    ["kubernetes.io/os!=linux,none!=x", ["d"]],
    ["none", []],
    ["!none", ["a", "b", "c", "d"]],
  ])("by the labels %s", async (selector, names) => {
    expect((await list(`labelSelector=${encodeURIComponent(selector)}`)).names).toEqual(names);
  });
});

describe("what a real one refuses is refused:", () => {
  test.each([
    ["a token of another making", "continue=garbage", TABLE, 400],
    ["a selector that is none", "labelSelector=a/b/c", TABLE, 400],
    ["another kind of object", "includeObject=All", TABLE, 400],
    ["a form that there is not", "", "application/json;as=Table;v=v1;g=wrong", 406],
  ])("%s", async (_, query, accept, status) => {
    expect(await list(query, accept)).toMatchObject({ status, body: { kind: "Status", code: status } });
  });

  test("a list without the right to it", async () => {
    kubernetes.add({ kind: "ServiceAccount", metadata: { name: "other", namespace: "piggy" } });
    const mine = token;
    token = await kubernetes.token({ namespace: "piggy", serviceAccount: "other" });
    const refused = await list();
    token = mine;
    expect(refused.body.message).toContain(
      'cannot list resource "nodes" in API group "" at the cluster scope',
    );
  });
});

test("without a Table's name, nodes are a NodeList", async () => {
  const { body } = await list("", "application/json");
  expect(body).toMatchObject({ kind: "NodeList", items: [{ metadata: { name: "a" } }, {}, {}, {}] });
});
