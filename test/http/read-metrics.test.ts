/** GET /metrics after secrets were read: from AWS, from what is kept, with failures. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { type Labels, scrape } from "../metrics/scrape.ts";
import { ownToken, requestOf, startPod } from "../secrets/asking.ts";
import { until } from "../support/until.ts";
import { REGION, startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

let world: World;

beforeAll(async () => {
  // Without a word about it, values are kept.
  world = await startWorld({ environment: { PIGGY_CACHE_TTL: "" } });
});
afterAll(() => world.stop());

function put(name: string): void {
  world.aws.putSecret({ region: REGION, name, value: JSON.stringify({ password: "hush" }) });
}

async function ask(secret: string): Promise<number> {
  const pod = await startPod(world.kubernetes, { annotations: { "aws-secret-name": secret } });
  const token = await ownToken(world.kubernetes, pod);
  const response = await fetch(`${world.url}/secret`, {
    method: "POST",
    headers: { "X-Token": token },
    body: JSON.stringify(requestOf(pod)),
    tls: { ca: world.authority.pem },
  });
  return response.status;
}

const reads = (from: string, code = "") => ["piggy_reads_total", { from, code }] as const;
const calls = (outcome: string) => ["piggy_aws_requests_total", { api: "GetSecretValue", outcome }] as const;
const retries = ["piggy_aws_retries_total", {}] as const;

async function expectGrowth(
  act: () => Promise<unknown>,
  ...expected: readonly (readonly [series: readonly [name: string, labels: Labels], by: number])[]
): Promise<void> {
  const before = await scrape(world.webhook);
  await act();
  const after = await scrape(world.webhook);
  for (const [[name, labels], by] of expected) {
    expect([name, labels, after.value(name, labels) - before.value(name, labels)]).toEqual([
      name,
      labels,
      by,
    ]);
  }
}

test("what is read is counted as a call, and what is given out again as kept", async () => {
  put("shop/kept");
  const all = ["piggy_reads_total", {}] as const;
  await expectGrowth(() => ask("shop/kept"), [reads("call"), 1], [all, 1], [calls("ok"), 1], [retries, 0]);
  await expectGrowth(() => ask("shop/kept"), [reads("kept"), 1], [all, 1], [calls("ok"), 0]);
});

test("a call that AWS throttles is counted as that, and as made again", async () => {
  put("shop/throttled");
  world.aws.failNext({ action: "GetSecretValue", times: 1, status: 400, code: "ThrottlingException" });
  await expectGrowth(
    () => ask("shop/throttled"),
    [reads("call"), 1],
    [calls("aws_throttled"), 1],
    [calls("ok"), 1],
    [retries, 1],
  );
});

test("a secret that is not there is counted by that", async () => {
  await expectGrowth(
    () => ask("shop/absent"),
    [reads("failed", "secret_not_found"), 1],
    [calls("secret_not_found"), 1],
  );
});

test("a call under way is seen in its queue", async () => {
  put("shop/slow");
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = world.aws.disturb({ name: "shop/slow", until: promise });
  const underWay = async () => (await scrape(world.webhook)).value("piggy_queue_under_way", { queue: "aws" });
  const asking = ask("shop/slow");
  await until(async () => (await underWay()) === 1);
  slow.end();
  resolve();
  expect(await asking).toBe(200);
  expect(await underWay()).toBe(0);
  const { value } = await scrape(world.webhook);
  expect(value("piggy_queue_waiting")).toBe(0);
});
