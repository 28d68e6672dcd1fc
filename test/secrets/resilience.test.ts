/** Pods that start while AWS is not well: as long as there is time, they wait for it, and for nobody else. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { scrape } from "../metrics/scrape.ts";
import { until } from "../support/until.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import { type Answer, HUSH, ownToken, requestOf, type SecretDoor, secretDoor, startPod } from "./asking.ts";

setDefaultTimeout(60_000);

const THROTTLED = { status: 400, code: "ThrottlingException" };

let world: World;
let door: SecretDoor;
beforeAll(async () => {
  world = await startWorld({ environment: { PIGGY_CACHE_TTL: "30s" } });
  door = secretDoor(world.webhook, world.authority.pem);
});
afterAll(() => world.stop());

const put = (name: string, region = REGION) =>
  world.aws.putSecret({ region, name, value: JSON.stringify({ password: HUSH + name }) });

/** Starts a Pod, which asks when it is told to. */
async function prepare(name: string, annotations: Readonly<Record<string, string>> = {}) {
  const pod = await startPod(world.kubernetes, { annotations: { "aws-secret-name": name, ...annotations } });
  const token = await ownToken(world.kubernetes, pod);
  return () => door.ask(token, requestOf(pod));
}

const expectValue = ({ status, body }: Answer, name: string) =>
  expect([status, body]).toEqual([200, JSON.stringify({ password: HUSH + name })]);

describe("AWS that throttles one call in three", () => {
  test("answers every Pod of a burst, and is asked once for each secret besides the calls that it throttled", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `throttled/${index}`);
    for (const name of names) put(name);
    const pods = await Promise.all(
      Array.from({ length: 80 }, async (_, index) => {
        const name = names[index % names.length] ?? "";
        return { name, send: await prepare(name) };
      }),
    );
    const throttling = world.aws.disturb({ every: 3, answer: THROTTLED });
    const before = world.aws.requests.length;
    const answers = await Promise.all(pods.map(async ({ name, send }) => ({ name, answer: await send() })));
    throttling.end();
    for (const { name, answer } of answers) expectValue(answer, name);
    const calls = world.aws.requests.slice(before);
    expect(calls.filter(({ status }) => status === 200)).toHaveLength(names.length);
    expect(calls.length).toBeGreaterThan(names.length);
  });

  test("gives a path of many pages, of which each is asked for again by itself", async () => {
    const parameters = Array.from({ length: 60 }, (_, index) => `p${index}`);
    for (const name of parameters) {
      world.aws.putParameter({ region: REGION, name: `/throttled/${name}`, value: HUSH + name });
    }
    const env = Object.fromEntries(parameters.map((name) => [name.toUpperCase(), `piggy:${name}`]));
    const annotations = { "aws-ssm-parameter-path": "/throttled" };
    const pod = await startPod(world.kubernetes, { env, annotations });
    const token = await ownToken(world.kubernetes, pod);
    const throttling = world.aws.disturb({ action: "GetParametersByPath", every: 3, answer: THROTTLED });
    const { status, body } = await door.ask(token, requestOf(pod, parameters));
    expect([status, Object.keys(JSON.parse(body))]).toEqual([200, parameters]);
    // Six pages, and those in between that were throttled.
    expect(throttling.met()).toBe(8);
    throttling.end();
  });
});

describe("AWS that is down", () => {
  test("answers those who wait as soon as it is back", async () => {
    put("resilience/back");
    const asking = await Promise.all([1, 2, 3].map(() => prepare("resilience/back")));
    const down = world.aws.disturb({
      name: "resilience/back",
      answer: { status: 503, code: "ServiceUnavailable" },
    });
    const answers = Promise.all(asking.map((send) => send()));
    await until(() => down.met() >= 3);
    down.end();
    for (const answer of await answers) expectValue(answer, "resilience/back");
  });

  test("is asked again when it did not answer a call at all", async () => {
    put("resilience/silent");
    const send = await prepare("resilience/silent");
    const silent = world.aws.disturb({ name: "resilience/silent", answer: "no answer" });
    const answer = send();
    await until(() => silent.met() > 0);
    silent.end();
    expectValue(await answer, "resilience/silent");
  });
});

test("a region that hangs holds up no other, however many wait for it", async () => {
  const elsewhere = Array.from({ length: 40 }, (_, index) => `hanging/${index}`);
  for (const name of elsewhere) put(name, "eu-west-1");
  put("hanging/not");
  const [waiting, send] = await Promise.all([
    Promise.all(elsewhere.map((name) => prepare(name, { "aws-region": "eu-west-1" }))),
    prepare("hanging/not"),
  ]);
  const { promise, resolve } = Promise.withResolvers<void>();
  const hanging = world.aws.disturb({ region: "eu-west-1", until: promise });
  const ended = waiting.map((ask) => ask());
  // A region's share: the others wait for their turn.
  await until(async () => {
    const { value } = await scrape(world.webhook);
    const [underWay, inQueue] = ["under_way", "waiting"].map((what) =>
      value(`piggy_queue_${what}`, { queue: "aws" }),
    );
    return underWay === 32 && inQueue !== 0;
  });
  expectValue(await send(), "hanging/not");
  hanging.end();
  resolve();
  for (const [index, answer] of (await Promise.all(ended)).entries()) {
    expectValue(answer, elsewhere[index] ?? "");
  }
});

test("nothing of all this is in an output", () => door.expectDiscretion());
