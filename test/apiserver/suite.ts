/** A real API server, started and ended by the tests: `npm run test:apiserver`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "app" },
  spec: { containers: [{ name: "app", image: "app:1" }] },
};
const PODS = "/api/v1/namespaces/default/pods";

test("the API server is the version that go.mod names", async () => {
  const modules = await Bun.file(new URL("../../scripts/cluster/kubernetes/go.mod", import.meta.url)).text();
  const { body } = await cluster.admin.call("GET", "/version");
  expect(modules).toContain(`k8s.io/kubernetes ${String(body["gitVersion"])}`);
});

test("it stores a Pod once there is the service account that no controller makes", async () => {
  expect(await cluster.admin.call("POST", PODS, POD)).toMatchObject({ status: 403 });
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  expect(await cluster.admin.call("POST", accounts, account)).toMatchObject({ status: 201 });
  expect(await cluster.admin.call("POST", PODS, POD)).toMatchObject({ status: 201 });
  const stored = await cluster.admin.call("GET", `${PODS}/app`);
  expect(stored).toMatchObject({ status: 200, body: { spec: { serviceAccountName: "default" } } });
});

test("its warnings are read", async () => {
  const unknown = { ...POD, metadata: { name: "b" }, spec: { ...POD.spec, a: "\\", b: 2 } };
  const { status, warnings } = await cluster.admin.call("POST", `${PODS}?dryRun=All`, unknown);
  expect({ status, warnings }).toEqual({
    status: 201,
    warnings: ['unknown field "spec.a"', 'unknown field "spec.b"'],
  });
});

test("when it is stopped nobody answers, and nothing is left of it", async () => {
  const other = await startCluster();
  expect(await other.admin.call("GET", "/version")).toMatchObject({ status: 200 });
  await other.stop();
  expect(existsSync(other.directory)).toBe(false);
  await expect(other.admin.call("GET", "/version")).rejects.toThrow();
});
