/** By what a request is found again: in the answer, in the log, and at whoever asked. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mutate, podWith, post, reviewOf } from "../admission/mutation.ts";
import { ownToken, requestOf, startPod } from "../secrets/asking.ts";
import type { LogLine } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

let world: World;

beforeAll(async () => {
  world = await startWorld();
  world.aws.putSecret({ region: REGION, name: "shop/cart", value: JSON.stringify({ password: "hush" }) });
});
afterAll(() => world.stop());

const NEW_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function ask(init: { readonly token?: string; readonly body?: string; readonly id?: string }) {
  const { token, body = "{}", id } = init;
  const response = await fetch(`${world.url}/secret`, {
    method: "POST",
    headers: {
      ...(token === undefined ? {} : { "X-Token": token }),
      ...(id === undefined ? {} : { "X-Request-Id": id }),
    },
    body,
    tls: { ca: world.authority.pem },
  });
  return { status: response.status, id: response.headers.get("x-request-id") ?? "" };
}

const decisionOf = (id: string): Promise<LogLine> =>
  world.webhook.logged(({ message, request }) => message === "secret decision" && request === id);

describe("every answer of /secret has an id, which its audit line has too", () => {
  test("200", async () => {
    const pod = await startPod(world.kubernetes);
    const token = await ownToken(world.kubernetes, pod);
    const { status, id } = await ask({ token, body: JSON.stringify(requestOf(pod)) });
    expect(status).toBe(200);
    expect(id).toMatch(NEW_ID);
    expect(await decisionOf(id)).toMatchObject({ decision: "allowed", pod: pod.name });
  });

  test("403", async () => {
    const [pod, other] = [await startPod(world.kubernetes), await startPod(world.kubernetes)];
    const token = await ownToken(world.kubernetes, pod);
    const { status, id } = await ask({ token, body: JSON.stringify(requestOf(other)) });
    expect(status).toBe(403);
    expect(await decisionOf(id)).toMatchObject({ decision: "denied", code: "not_allowed" });
  });

  test("401 and 400", async () => {
    const [missing, invalid] = [await ask({}), await ask({ token: "x", body: "[" })];
    expect([missing.status, invalid.status]).toEqual([401, 400]);
    expect(missing.id).not.toBe(invalid.id);
    expect(await decisionOf(missing.id)).toMatchObject({ code: "token_missing" });
    expect(await decisionOf(invalid.id)).toMatchObject({ code: "request_invalid" });
  });
});

describe("the caller's own id is kept", () => {
  test.each([
    "a",
    "705ab4f5-6393-11e8-b7cc-42010a800002",
    "Root=1-67891233-abcdef012345678912345678",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "gateway_1:7.2",
    "x".repeat(100),
  ])("%s", async (given) => {
    expect((await ask({ id: given })).id).toBe(given);
    expect(await decisionOf(given)).toMatchObject({ code: "token_missing" });
  });

  test.each([
    ["empty", ""],
    ["too long", "x".repeat(101)],
    ["of more than one word", "a b"],
    ["with a quote", 'a"b'],
    ["with markup", "<b>"],
    ["with a path", "../a"],
    ["with another alphabet", "é"],
    ["with a tab", "a\tb"],
  ])("unless it is %s", async (_what, given) => {
    const { id } = await ask({ id: given });
    expect(id).toMatch(NEW_ID);
    expect(await decisionOf(id)).toBeDefined();
  });
});

describe("what is logged of a Pod's admission has the review's uid", () => {
  const lineOf = (uid: string) => world.webhook.logged(({ request }) => request === uid);

  test("admitted", async () => {
    const review = reviewOf(podWith());
    await post(world, JSON.stringify(review));
    expect(await lineOf(review.request.uid)).toMatchObject({ message: "admitted" });
  });

  test("denied", async () => {
    const review = reviewOf(podWith({ image: "no image", command: [] }));
    await post(world, JSON.stringify(review));
    expect(await lineOf(review.request.uid)).toMatchObject({ message: "denied", code: "image_name_invalid" });
  });
});

test("nothing is logged of a good request but its decision", async () => {
  const pod = await startPod(world.kubernetes);
  const token = await ownToken(world.kubernetes, pod);
  const askForIt = () => ask({ token, body: JSON.stringify(requestOf(pod)) });
  // Lines come in order: by then what was said of the Pod's admission is there.
  await decisionOf((await askForIt()).id);
  const before = world.webhook.log.length;
  const plain = { apiVersion: "v1", kind: "Pod", metadata: { name: "plain" }, spec: { containers: [] } };
  await mutate(world, plain);
  await fetch(`${world.url}/readyz`, { tls: { ca: world.authority.pem } });
  await fetch(`http://${world.webhook.metricsAddress}/metrics`);
  await decisionOf((await askForIt()).id);
  expect(world.webhook.log.slice(before)).toHaveLength(1);
});
