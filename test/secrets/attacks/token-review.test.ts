import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWebhook, type WebhookProcess } from "../../support/webhook.ts";
import { REGION, startWorld, type World } from "../../support/world.ts";
import {
  accountOf,
  boundTo,
  defaultToken,
  HUSH,
  olderRequestOf,
  ownToken,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "../asking.ts";
import { olderPod } from "../older-pod.ts";

setDefaultTimeout(60_000);

let world: World;
let recorder: Bun.Server<undefined>;
let directory: string;
let webhook: WebhookProcess;
let door: SecretDoor;
/** What the webhook asked the API server about tokens, and what it is told instead of the answer, once. */
const reviews: { spec: object }[] = [];
let lie: ((status: object) => object) | undefined;

beforeAll(async () => {
  world = await startWorld();
  const { kubernetes, authority, environment } = world;
  const value = JSON.stringify({ password: `${HUSH}password` });
  world.aws.putSecret({ region: REGION, name: "shop/cart", value });
  recorder = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: await authority.issue({ names: ["127.0.0.1"] }),
    fetch: (request) => passOn(request, `https://${kubernetes.host}:${kubernetes.port}`, kubernetes.caPem),
  });
  directory = await mkdtemp(join(tmpdir(), "piggy-review-"));
  await cp(environment["PIGGY_SERVICE_ACCOUNT_DIR"] ?? "", directory, { recursive: true });
  await writeFile(join(directory, "ca.crt"), authority.pem);
  webhook = await startWebhook({
    ...environment,
    KUBERNETES_SERVICE_PORT: String(recorder.port),
    PIGGY_SERVICE_ACCOUNT_DIR: directory,
    LISTEN_ADDRESS: "127.0.0.1:0",
  });
  door = secretDoor(webhook, authority.pem);
});
afterAll(async () => {
  await webhook.stop();
  await recorder.stop(true);
  await world.stop();
  await rm(directory, { recursive: true });
});

async function passOn(request: Request, to: string, ca: string): Promise<Response> {
  const { pathname } = new URL(request.url);
  const { method, headers } = request;
  const body = method === "POST" ? await request.text() : undefined;
  const response = await fetch(to + pathname, { method, headers, ...(body && { body }), tls: { ca } });
  const object: { status?: object } = JSON.parse(await response.text());
  if (!pathname.endsWith("/tokenreviews")) return Response.json(object, { status: response.status });
  reviews.push(JSON.parse(body ?? ""));
  const status = lie?.(object.status ?? {}) ?? object.status;
  lie = undefined;
  return Response.json({ ...object, status }, { status: response.status });
}

test("a token that is for us is reviewed for our audience alone", async () => {
  const pod = await startPod(world.kubernetes);
  const token = await ownToken(world.kubernetes, pod);
  expect((await door.ask(token, requestOf(pod))).status).toBe(200);
  expect(reviews.at(-1)?.spec).toEqual({ token, audiences: ["piggysec.com"] });
});

test("a token that is for us and for others is reviewed for our audience alone", async () => {
  const pod = await startPod(world.kubernetes);
  const audiences = [world.kubernetes.issuer, "piggysec.com"];
  const token = await world.kubernetes.token({ ...accountOf(pod), pod: boundTo(pod), audiences });
  expect((await door.ask(token, requestOf(pod))).status).toBe(200);
  expect(reviews.at(-1)?.spec).toEqual({ token, audiences: ["piggysec.com"] });
});

test("a default token is reviewed without an audience", async () => {
  const pod = olderPod(world.kubernetes);
  const token = await defaultToken(world.kubernetes, pod);
  expect((await door.ask(token, olderRequestOf(pod))).status).toBe(200);
  expect(reviews.at(-1)?.spec).toEqual({ token });
});

test("a token is reviewed for each request", async () => {
  const pod = await startPod(world.kubernetes);
  const token = await ownToken(world.kubernetes, pod);
  const before = reviews.length;
  for (let asked = 0; asked < 3; asked += 1) await door.ask(token, requestOf(pod));
  expect(reviews.length - before).toBe(3);
});

test("what is no JWT is not reviewed", async () => {
  const pod = await startPod(world.kubernetes);
  const before = reviews.length;
  expect((await door.ask("garbage", requestOf(pod))).status).toBe(403);
  expect(reviews.length).toBe(before);
});

test.each<[string, (status: object) => object, RegExp]>([
  [
    "does not know audiences",
    (status) => ({ ...status, audiences: undefined }),
    /does not confirm the audience/,
  ],
  [
    "confirms another audience",
    (status) => ({ ...status, audiences: ["vault"] }),
    /does not confirm the audience/,
  ],
  ["says nothing", () => ({}), /not authenticated: no reason given/],
  [
    "says that a user has it",
    (status) => withUser(status, { username: "admin" }),
    /admin is not a service account/,
  ],
  [
    "says that a node has it",
    (status) => withUser(status, { username: "system:node:node-1" }),
    /system:node:node-1 is not a service account/,
  ],
  [
    "knows its Pod by another uid than the Pod that is stored now",
    (status) => withUser(status, { extra: extraOf({ name: "reviewed", uid: crypto.randomUUID() }) }),
    /another of the same name/,
  ],
  [
    "knows no uid of its Pod",
    (status) => withUser(status, { extra: extraOf({ name: "reviewed" }) }),
    /bound to no Pod/,
  ],
  ["has no extras for it", (status) => withUser(status, { extra: undefined }), /bound to no Pod/],
  [
    "says that it is another Pod's",
    (status) => withUser(status, { extra: extraOf({ name: "other", uid: crypto.randomUUID() }) }),
    /bound to Pod other, and asks for Pod reviewed/,
  ],
  [
    "says that it is of another namespace",
    (status) => withUser(status, { username: "system:serviceaccount:bank:cart" }),
    /Pod bank\/reviewed does not exist/,
  ],
  [
    "says that it is of a namespace that leads elsewhere",
    (status) => withUser(status, { username: "system:serviceaccount:../shop:cart" }),
    /Pod ..\/shop\/reviewed does not exist/,
  ],
  ["says so with a text", (status) => ({ ...status, authenticated: "true" }), /not authenticated/],
  [
    "says everything but that it is authenticated",
    (status) => ({ ...status, authenticated: undefined }),
    /not authenticated/,
  ],
  [
    "says that a service account without a name has it",
    (status) => withUser(status, { username: "system:serviceaccount:shop:" }),
    /is not a service account/,
  ],
])("a token is denied when the API server %s", async (_, answer, reason) => {
  world.kubernetes.remove("Pod", "shop", "reviewed");
  const pod = await startPod(world.kubernetes, { name: "reviewed" });
  lie = answer;
  const { status, audit } = await door.ask(await ownToken(world.kubernetes, pod), requestOf(pod));
  expect(status).toBe(403);
  expect(audit?.["reason"]).toMatch(reason);
});

function withUser(status: object, change: object): object {
  const user = "user" in status && typeof status.user === "object" ? status.user : {};
  return { ...status, user: { ...user, ...change } };
}

function extraOf({ name, uid }: { name: string; uid?: string }): object {
  const prefix = "authentication.kubernetes.io";
  return { [`${prefix}/pod-name`]: [name], ...(uid && { [`${prefix}/pod-uid`]: [uid] }) };
}

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
