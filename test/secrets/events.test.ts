/** What `kubectl describe pod` shows of a request that failed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { StoredEvent } from "../fakes/kubernetes.ts";
import { until } from "../support/until.ts";
import { startWebhook } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  type Answer,
  HUSH,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  type StartedPod,
  secretDoor,
  startPod,
} from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;
beforeAll(async () => {
  world = await startWorld();
  door = secretDoor(world.webhook, world.authority.pem);
  putSecret("shop/cart", { password: `${HUSH}1`, passwords: `${HUSH}2`, user: `${HUSH}3` });
});
afterAll(() => world.stop());

function putSecret(name: string, value: unknown) {
  return world.aws.putSecret({ region: REGION, name, value: JSON.stringify(value) });
}

const podWith = (options: PodOptions = {}) => startPod(world.kubernetes, options);
const ask = async (pod: StartedPod, references?: readonly string[], at = door): Promise<Answer> =>
  at.ask(await ownToken(world.kubernetes, pod), requestOf(pod, references));

/** The Pod's Events as soon as there are so many. */
async function eventsOf({ podUid }: StartedPod, count = 1, { kubernetes } = world) {
  await until(() => kubernetes.eventsOf(podUid).length >= count);
  const events = kubernetes.eventsOf(podUid);
  expect(events).toHaveLength(count);
  expect(JSON.stringify(events)).not.toContain(HUSH);
  return events;
}

/** The only one. Another that came of an earlier request would have been stored before it. */
async function eventOf(pod: StartedPod): Promise<StoredEvent> {
  const [event] = await eventsOf(pod);
  if (event === undefined) throw new Error("no Event");
  return event;
}

test("a secret that is not there is told as a warning about the very Pod, with what the answer says", async () => {
  const pod = await podWith({ annotations: { "aws-secret-name": "shop/none" } });
  const { status, body, audit } = await ask(pod);
  expect(status).toBe(400);
  expect(audit).toMatchObject({ decision: "denied", code: "secret_not_found" });
  const { namespace, name, podUid: uid } = pod;
  expect(await eventOf(pod)).toMatchObject({
    apiVersion: "events.k8s.io/v1",
    metadata: { namespace, name: expect.stringMatching(new RegExp(`^${name}\\.[0-9a-f]{16}$`)) },
    type: "Warning",
    reason: "SecretNotFound",
    action: "ResolveReferences",
    note: `container app: secret_not_found: ${body.trimEnd()}`,
    regarding: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
    reportingController: "piggysec.com/piggy-webhooks",
    reportingInstance: "piggy-webhooks",
  });
});

test("a key that is not there is told with the names that it may have been meant to be", async () => {
  const pod = await podWith({ env: { A: "piggy:pasword", B: "piggy:user" } });
  expect((await ask(pod, ["pasword", "user"])).status).toBe(200);
  const { reason, note } = await eventOf(pod);
  expect(reason).toBe("SecretKeyNotFound");
  expect(note).toStartWith(
    `container app: reference_unresolved: secret shop/cart in ${REGION} has no key "pasword" in`,
  );
  expect(note).toEndWith(': the nearest are "password", "passwords"');
});

test("a decision against the Pod is told without its reason, which is the audit line's", async () => {
  putSecret("shop/others", { password: `${HUSH}others`, PIGGY_ALLOWED_SA: "shop:other" });
  const pod = await podWith({ annotations: { "aws-secret-name": "shop/others" } });
  const { audit } = await ask(pod);
  expect(audit?.["reason"]).toContain("PIGGY_ALLOWED_SA");
  expect(await eventOf(pod)).toMatchObject({
    reason: "SecretNotAllowed",
    note: "container app: not_allowed: decision not allowed",
  });
});

test("another command than the one that was admitted is told of the Pod that runs it", async () => {
  const pod = await podWith();
  const request = { ...requestOf(pod), signature: "0".repeat(64) };
  expect((await door.ask(await ownToken(world.kubernetes, pod), request)).status).toBe(403);
  expect((await eventOf(pod)).note).toBe("not_allowed: decision not allowed");
});

test("what failed for several reasons is told for each, in a kilobyte", async () => {
  putSecret("shop/text", "x");
  const absent = Array.from({ length: 30 }, (_, index) => `//sm/shop/${"é".repeat(20)}-${index}`);
  const keys = [...absent, "//sm/shop/text#/a/b", "//sm/shop/cart#/none"];
  const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
  const pod = await podWith({ env });
  await ask(pod, keys);
  const events = await eventsOf(pod, 2);
  const notes = new Map(events.map(({ reason, note }) => [reason, note ?? ""]));
  expect([...notes.keys()].sort()).toEqual(["SecretKeyNotFound", "SecretNotReadable"]);
  expect(notes.get("SecretKeyNotFound")).toContain(`secret shop/cart in ${REGION} has no value at "/none"`);
  const long = notes.get("SecretNotReadable") ?? "";
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(1024);
  expect(long).toEndWith("…");
});

test("the same is told once, however often it is asked for and by whichever replica", async () => {
  const pod = await podWith({ annotations: { "aws-secret-name": "shop/none" } });
  for (let times = 0; times < 5; times += 1) await ask(pod);
  await eventOf(pod);
  const replica = await startWebhook({ ...world.environment, LISTEN_ADDRESS: "127.0.0.1:0" });
  try {
    const before = world.kubernetes.tellings.length;
    await ask(pod, undefined, secretDoor(replica, world.authority.pem));
    await until(() => world.kubernetes.tellings.length > before);
    expect(world.kubernetes.tellings.slice(before)).toMatchObject([{ method: "POST" }]);
  } finally {
    await replica.stop();
  }
  // The five minutes for which all agree on a name may have just ended.
  expect(world.kubernetes.eventsOf(pod.podUid).length).toBeLessThanOrEqual(2);
});

test("what is not there is not told where each reference to it has a default", async () => {
  const optional = { A: `\${piggy:none:-}`, B: `<\${piggy:none:-x}>`, C: `\${piggy://sm/shop/none:-y}` };
  const pod = await podWith({ env: optional });
  expect((await ask(pod, ["none", "//sm/shop/none"])).audit?.["unresolved"]).toBeDefined();
  const wanting = await podWith({ env: { ...optional, D: "piggy:none" } });
  await ask(wanting, ["none", "//sm/shop/none"]);
  expect((await eventOf(wanting)).reason).toBe("SecretKeyNotFound");
  expect(world.kubernetes.eventsOf(pod.podUid)).toEqual([]);
});

test("nor is a secret that is not there, where nothing else is asked for", async () => {
  const annotations = { "aws-secret-name": "shop/none" };
  const optional = { A: `\${piggy:none:-}`, B: `<\${piggy:other:-x}>` };
  const pod = await podWith({ annotations, env: optional });
  expect((await ask(pod, ["none", "other"])).audit?.["code"]).toBe("secret_not_found");
  const wanting = await podWith({ annotations, env: { ...optional, C: "piggy:other" } });
  await ask(wanting, ["none", "other"]);
  expect((await eventOf(wanting)).reason).toBe("SecretNotFound");
  expect(world.kubernetes.eventsOf(pod.podUid)).toEqual([]);
});

test("what heals by itself is not told the first time", async () => {
  const pod = await podWith();
  const answer = { status: 400, code: "ThrottlingException" };
  const throttling = world.aws.disturb({ action: "GetSecretValue", answer });
  expect((await ask(pod)).status).toBe(503);
  throttling.end();
  const denied = await podWith({ annotations: { "aws-secret-name": "shop/others" } });
  await ask(denied);
  await eventOf(denied);
  expect(world.kubernetes.eventsOf(pod.podUid)).toEqual([]);
});

test("nothing is told of a Pod that is not the caller's", async () => {
  const pod = await podWith();
  const gone = await podWith({ name: "gone" });
  const token = await ownToken(world.kubernetes, gone);
  world.kubernetes.remove("Pod", gone.namespace, gone.name);
  await podWith({ name: "gone" });
  const before = world.kubernetes.tellings.length;
  const other = await ownToken(world.kubernetes, await podWith());
  for (const [shown, asked] of [
    [token, gone],
    [other, pod],
    ["garbage", pod],
  ] as const) {
    expect((await door.ask(shown, requestOf(asked))).status).toBe(403);
  }
  const denied = await podWith({ annotations: { "aws-secret-name": "shop/others" } });
  await ask(denied);
  await eventOf(denied);
  expect(world.kubernetes.tellings.length).toBe(before + 1);
});

test("the answer does not wait for it", async () => {
  const pod = await podWith({ annotations: { "aws-secret-name": "shop/none" } });
  const { promise, resolve } = Promise.withResolvers<void>();
  const telling = world.kubernetes.failNext({
    path: /events\.k8s\.io/,
    status: 503,
    times: 1,
    until: promise,
  });
  expect((await ask(pod)).status).toBe(400);
  await until(() => telling.met() === 1);
  resolve();
});

test("where the API server refuses it that is no error, and the namespace is left alone for a while", async () => {
  const other = await startWorld({ mayTell: false, environment: { DEBUG: "true" } });
  try {
    const others = secretDoor(other.webhook, other.authority.pem);
    const unhappy = async (namespace: string) => {
      const annotations = { "aws-secret-name": "shop/none" };
      const pod = await startPod(other.kubernetes, { namespace, annotations });
      const answer = await others.ask(await ownToken(other.kubernetes, pod), requestOf(pod));
      expect([answer.status, answer.audit?.["code"]]).toEqual([400, "secret_not_found"]);
    };
    const refusal = ({ message }: { readonly message: string }) => message === "no Event on the Pod";
    await unhappy("one");
    expect(await other.webhook.logged(refusal)).toMatchObject({
      level: "debug",
      namespace: "one",
      reason: "SecretNotFound",
      why: expect.stringContaining("403 events.events.k8s.io is forbidden"),
    });
    await unhappy("one");
    await unhappy("two");
    await other.webhook.logged((line) => refusal(line) && line["namespace"] === "two");
    expect(other.kubernetes.tellings.map(({ path, status }) => `${status} ${path}`)).toEqual([
      "403 /apis/events.k8s.io/v1/namespaces/one/events",
      "403 /apis/events.k8s.io/v1/namespaces/two/events",
    ]);
    others.expectDiscretion();
  } finally {
    await other.stop();
  }
});

test("PIGGY_EVENTS=false tells nothing", async () => {
  const silent = await startWebhook({
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    PIGGY_EVENTS: "false",
  });
  try {
    const pod = await podWith({ annotations: { "aws-secret-name": "shop/none" } });
    expect((await ask(pod, undefined, secretDoor(silent, world.authority.pem))).status).toBe(400);
    const told = await podWith({ annotations: { "aws-secret-name": "shop/none" } });
    await ask(told);
    await eventOf(told);
    expect(world.kubernetes.eventsOf(pod.podUid)).toEqual([]);
  } finally {
    await silent.stop();
  }
});

test("one audit line stands for each request, and none holds a token or a value", () =>
  door.expectDiscretion());
