/** What was read is given out again: how often AWS is asked, and who gets what was read for another. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { scrape } from "../metrics/scrape.ts";
import { until } from "../support/until.ts";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";
import {
  type Answer,
  HUSH,
  NOT_ALLOWED,
  ownToken,
  type PodOptions,
  requestOf,
  type SecretDoor,
  secretDoor,
  startPod,
} from "./asking.ts";

setDefaultTimeout(60_000);

let world: World;
let door: SecretDoor;

beforeAll(async () => {
  // Without a word about it, values are kept.
  world = await startWorld({ environment: { PIGGY_CACHE_TTL: "" } });
  door = secretDoor(world.webhook, world.authority.pem);
});
afterAll(() => world.stop());

const put = (name: string, values: Readonly<Record<string, unknown>>, region = REGION) =>
  world.aws.putSecret({ region, name, value: JSON.stringify(values) });

interface Together {
  /** What AWS says to them; by default the value. */
  readonly answer?: { readonly status: number; readonly code: string };
  readonly webhook?: WebhookProcess;
}

/** Pods that have started before any of them asks, and AWS says nothing before all wait for it. */
async function askTogether(
  secret: string,
  pods: readonly Asking[],
  { answer, webhook = world.webhook }: Together = {},
): Promise<readonly Answer[]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const disturbance = { name: secret, until: promise, ...(answer === undefined ? {} : { answer }) };
  const waiting = world.aws.disturb(disturbance);
  const asking = await Promise.all(pods.map((options) => prepare(secret, options)));
  const before = await callsTo(webhook);
  const answers = Promise.all(asking.map((send) => send()));
  await until(async () => {
    const now = await callsTo(webhook);
    return now.every((count, index) => count - (before[index] ?? 0) === pods.length);
  });
  await until(() => waiting.met() > 0);
  resolve();
  waiting.end();
  return answers;
}

/** What a webhook was told of its callers so far: when it has heard all of it of one, it asks AWS, or waits with others. */
async function callsTo(webhook: WebhookProcess): Promise<readonly number[]> {
  const { value } = await scrape(webhook);
  return ["tokenreviews", "pods"].map((kind) =>
    value("piggy_kubernetes_requests_total", { kind, outcome: "ok" }),
  );
}

interface Asking extends PodOptions {
  readonly keys?: readonly string[];
  readonly at?: SecretDoor;
}

/** Starts a Pod, which asks when it is told to. */
async function prepare(
  secret: string,
  { keys = ["password"], at = door, ...options }: Asking = {},
): Promise<() => Promise<Answer>> {
  const env = Object.fromEntries(keys.map((key, index) => [`V${index}`, `piggy:${key}`]));
  const annotations = { "aws-secret-name": secret, ...options.annotations };
  const pod = await startPod(world.kubernetes, { env, ...options, annotations });
  const token = await ownToken(world.kubernetes, pod);
  return () => at.ask(token, requestOf(pod, keys));
}

async function ask(secret: string, options: Asking = {}): Promise<Answer> {
  const send = await prepare(secret, options);
  return send();
}

/** How many calls to AWS this makes. */
async function callsOf(work: () => Promise<unknown>): Promise<number> {
  const before = world.aws.begun();
  await work();
  return world.aws.begun() - before;
}

describe("AWS is asked once", () => {
  test("for many Pods that start at once", async () => {
    put("cache/burst", { password: `${HUSH}burst` });
    const calls = await callsOf(async () => {
      for (const { status, body } of await askTogether("cache/burst", Array(30).fill({}))) {
        expect([status, body]).toEqual([200, JSON.stringify({ password: `${HUSH}burst` })]);
      }
    });
    expect(calls).toBe(1);
  });

  test("for those that start later, and they get what the first got", async () => {
    put("cache/later", { password: `${HUSH}first`, other: `${HUSH}other` });
    const answer = await ask("cache/later");
    put("cache/later", { password: `${HUSH}second`, other: `${HUSH}changed` });
    const calls = await callsOf(async () => {
      expect((await ask("cache/later")).body).toBe(answer.body);
      expect((await ask("cache/later", { keys: ["other"] })).body).toBe(
        JSON.stringify({ other: `${HUSH}other` }),
      );
    });
    expect(calls).toBe(0);
  });

  test("for a secret, a parameter, and a path of parameters that references name", async () => {
    put("cache/entry", { password: `${HUSH}entry` });
    world.aws.putParameter({ region: REGION, name: "/cache/path/password", value: `${HUSH}parameter` });
    const annotations = { "aws-ssm-parameter-path": "/cache/path" };
    const keys = ["password", "//sm/cache/entry#/password", "//ssm/cache/path/password"];
    const values = [`${HUSH}parameter`, `${HUSH}entry`, `${HUSH}parameter`];
    const once = () => ask("cache/entry", { keys, annotations });
    expect(await callsOf(once)).toBe(3);
    expect(await callsOf(once)).toBe(0);
    expect(Object.values(JSON.parse((await once()).body))).toEqual(values);
  });
});

describe("AWS is asked again", () => {
  test("for another version, stage, region or store of the same name", async () => {
    const name = "cache/key";
    const [first] = [1, 2].map((number) => put(name, { password: `${HUSH}${number}` }));
    put(name, { password: `${HUSH}elsewhere` }, "eu-west-1");
    world.aws.putParameter({ region: REGION, name: `/${name}`, value: `${HUSH}parameter` });
    const asked: readonly [Asking, string][] = [
      [{}, "2"],
      [{ annotations: { "aws-secret-version": "AWSPREVIOUS" } }, "1"],
      [{ annotations: { "aws-secret-version": first?.versionId ?? "" } }, "1"],
      [{ annotations: { "aws-region": "eu-west-1" } }, "elsewhere"],
      [{ keys: [`//sm/${name}#/password`] }, "2"],
      [{ keys: [`//sm/${name}?stage=AWSPREVIOUS#/password`] }, "1"],
      [{ keys: [`//sm/${name}?region=eu-west-1#/password`] }, "elsewhere"],
      [{ keys: [`//ssm/${name}`] }, "parameter"],
    ];
    for (const round of [1, 0]) {
      for (const [options, value] of asked) {
        const calls = await callsOf(async () => {
          const { body } = await ask(name, options);
          expect(Object.values(JSON.parse(body))).toEqual([`${HUSH}${value}`]);
        });
        expect(calls).toBe(round);
      }
    }
  });

  test("for what was not there, and could not be read", async () => {
    expect((await ask("cache/absent")).status).toBe(400);
    put("cache/absent", { password: `${HUSH}made` });
    expect((await ask("cache/absent")).status).toBe(200);
    put("cache/keyless", {});
    world.aws.putSecret({ region: REGION, name: "cache/keyless", value: "no keys" });
    expect((await ask("cache/keyless")).audit).toMatchObject({ code: "secret_not_keyed" });
    put("cache/keyless", { password: `${HUSH}keyed` });
    expect((await ask("cache/keyless")).status).toBe(200);
  });

  test("though not for each of those that fail at once", async () => {
    const refusal = { status: 400, code: "AccessDeniedException" };
    const calls = await callsOf(async () => {
      const answers = await askTogether("cache/refused", Array(10).fill({}), { answer: refusal });
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 400));
    });
    expect(calls).toBe(1);
  });
});

describe("who may have a value is decided for each Pod, also when it was read for another", () => {
  const till = { serviceAccount: "till" };

  test("which the secret names", async () => {
    put("cache/policy", { password: `${HUSH}policy`, PIGGY_ALLOWED_SA: "shop:cart" });
    expect((await ask("cache/policy")).status).toBe(200);
    const calls = await callsOf(async () => {
      const answer = await ask("cache/policy", till);
      expect([answer.status, answer.body]).toEqual([403, NOT_ALLOWED]);
      expect(answer.audit).toMatchObject({ reason: "PIGGY_ALLOWED_SA does not name shop:till" });
      expect((await ask("cache/policy")).status).toBe(200);
    });
    expect(calls).toBe(0);
  });

  test("and of those that wait for the same call", async () => {
    put("cache/together", { password: `${HUSH}together`, PIGGY_ALLOWED_SA: "shop:cart,books:cart" });
    const asked = [{}, till, { namespace: "books" }, { namespace: "books", ...till }];
    const calls = await callsOf(async () => {
      const answers = await askTogether("cache/together", asked);
      expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 403]);
    });
    expect(calls).toBe(1);
  });

  test("of an entry as of the Pod's secret", async () => {
    put("cache/entries", { password: `${HUSH}entries`, PIGGY_ALLOWED_SA: "shop:cart" });
    const keys = ["//sm/cache/entries#/password"];
    expect((await ask("cache/entries", { keys })).status).toBe(200);
    expect((await ask("cache/entries", { keys, ...till })).status).toBe(403);
  });
});

describe("PIGGY_CACHE_TTL=0", () => {
  let webhook: WebhookProcess;
  let at: SecretDoor;

  beforeAll(async () => {
    webhook = await startWebhook({
      ...world.environment,
      PIGGY_CACHE_TTL: "0",
      LISTEN_ADDRESS: "127.0.0.1:0",
    });
    at = secretDoor(webhook, world.authority.pem);
  });
  afterAll(() => webhook.stop());

  test("is no bad value", () => {
    expect(webhook.log.filter(({ message }) => message.includes("PIGGY_CACHE_TTL"))).toEqual([]);
  });

  test("keeps nothing", async () => {
    put("cache/off", { password: `${HUSH}1` });
    await ask("cache/off", { at });
    put("cache/off", { password: `${HUSH}2` });
    expect((await ask("cache/off", { at })).body).toBe(JSON.stringify({ password: `${HUSH}2` }));
  });

  test("still asks once for those that ask at once", async () => {
    put("cache/off-burst", { password: `${HUSH}burst` });
    const burst = () => askTogether("cache/off-burst", Array(10).fill({ at }), { webhook });
    expect(await callsOf(burst)).toBe(1);
  });

  test("is kept with discretion", () => at.expectDiscretion());
});

test("nothing of all this is in an output", () => door.expectDiscretion());
