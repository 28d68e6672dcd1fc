/** Secrets for tokens that a real API server has signed, and reviews. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { withoutBallast } from "../../lib/kubernetes/pod-text.ts";
import { podWith } from "../admission/mutation.ts";
import { parseStoredPod, type StoredPod } from "../fakes/kubernetes/pod.ts";
import { anyObject } from "../fakes/kubernetes/schema.ts";
import { parseScrape } from "../metrics/scrape.ts";
import { HUSH, NOT_ALLOWED, requestOf, type SecretDoor, secretDoor, started } from "../secrets/asking.ts";
import { REGION } from "../support/world.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install, requestToken } from "./installation.ts";
import { add, addNamespace, eventually, podsOf } from "./objects.ts";

const NAMESPACE = "shop";
const SECRET = "shop/api";
const VALUE = `${HUSH}password`;

let cluster: Cluster;
let installation: Installation;
let door: SecretDoor;
beforeAll(async () => {
  cluster = await startCluster();
  installation = await install(cluster);
  await addNamespace(cluster, NAMESPACE, INJECTED);
  const value = JSON.stringify({ PASSWORD: VALUE, PIGGY_ALLOWED_SA: `${NAMESPACE}:default` });
  installation.aws.putSecret({ region: REGION, name: SECRET, value });
  door = secretDoor(installation.webhook, installation.caPem);
});
afterAll(async () => {
  await installation?.stop();
  await cluster?.stop();
});

async function createPod(name: string): Promise<StoredPod> {
  const metadata = { name, annotations: { "piggysec.com/aws-secret-name": SECRET } };
  return parseStoredPod(await add(cluster, podsOf(NAMESPACE), podWith({}, { metadata })), "Pod");
}

/** A token as the kubelet would ask for it. */
function tokenOf({ metadata: { name, uid } }: StoredPod, audiences: readonly string[]): Promise<string> {
  const boundObjectRef = { apiVersion: "v1", kind: "Pod", name, uid };
  return requestToken(cluster, NAMESPACE, "default", { audiences, boundObjectRef });
}

const ask = (token: string, pod: StoredPod) =>
  door.ask(token, requestOf(started(pod, ["/app"]), ["PASSWORD"]));

/** Of single Pods, by the API server from etcd, so far. */
async function readsOfPods(): Promise<number> {
  const { value } = parseScrape(await cluster.admin.text("/metrics"));
  return value("etcd_request_duration_seconds_count", { operation: "get", resource: "pods" });
}

test("the Pod's own token, of our audience, gets what it asks for", async () => {
  const pod = await createPod("own");
  const { status, body } = await ask(await tokenOf(pod, ["piggysec.com"]), pod);
  expect({ status, body: JSON.parse(body) }).toEqual({ status: 200, body: { PASSWORD: VALUE } });
});

test.each([
  ["somebody else's", "somebody-else", "vault.example.com"],
  ["the API server's", "api-server", "https://kubernetes.default.svc.cluster.local"],
])("one of %s audience gets nothing", async (_, name, audience) => {
  const pod = await createPod(name);
  const { status, body } = await ask(await tokenOf(pod, [audience]), pod);
  expect({ status, body }).toEqual({ status: 403, body: NOT_ALLOWED });
});

test("another Pod's token gets nothing", async () => {
  const [pod, other] = [await createPod("asked-for"), await createPod("asking")];
  const { status, body } = await ask(await tokenOf(other, ["piggysec.com"]), pod);
  expect({ status, body }).toEqual({ status: 403, body: NOT_ALLOWED });
});

test("a token that outlives its Pod gets nothing", async () => {
  const pod = await createPod("gone");
  const token = await tokenOf(pod, ["piggysec.com"]);
  expect((await ask(token, pod)).status).toBe(200);
  await cluster.admin.call("DELETE", `${podsOf(NAMESPACE)}/gone?gracePeriodSeconds=0`);
  // The API server takes the token for ten seconds more, and what it has in memory is behind by moments.
  await eventually("it is denied", async () => (await ask(token, pod)).body === NOT_ALLOWED);
});

test("a container that starts again and again costs etcd no read of its Pod", async () => {
  const pod = await createPod("often");
  const token = await tokenOf(pod, ["piggysec.com"]);
  await eventually("the API server has it in memory", async () => {
    const before = await readsOfPods();
    expect((await ask(token, pod)).status).toBe(200);
    return (await readsOfPods()) === before;
  });
  const before = await readsOfPods();
  for (let time = 0; time < 10; time += 1) expect((await ask(token, pod)).status).toBe(200);
  expect(await readsOfPods()).toBe(before);
  await cluster.admin.call("GET", `${podsOf(NAMESPACE)}/often`);
  expect(await readsOfPods()).toBeGreaterThan(before);
});

test("what a Pod's managedFields are is written where they are left out", async () => {
  await createPod("managed");
  const { body } = await cluster.admin.call("GET", `${podsOf(NAMESPACE)}/managed`);
  const { managedFields, ...metadata } = anyObject(body["metadata"], "metadata");
  expect(managedFields).toBeArray();
  expect(JSON.parse(withoutBallast(JSON.stringify(body)))).toEqual({ ...body, metadata });
});

test("neither a token nor a value is in the log, and each request is", () => door.expectDiscretion());
