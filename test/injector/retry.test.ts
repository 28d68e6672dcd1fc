import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseProbe } from "../fixtures/probe.ts";
import { freePort } from "../support/free-port.ts";
import { piggyEnv } from "../support/programs.ts";
import { probe, run } from "./piggy-env.ts";
import { type StubWebhook, startStubWebhook } from "./stub-webhook.ts";

let directory: string;
let tokenFile: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-retry-"));
  tokenFile = join(directory, "token");
  await writeFile(tokenFile, "token");
});
afterAll(() => rm(directory, { recursive: true }));

let webhook: StubWebhook | undefined;
afterEach(async () => {
  await webhook?.stop();
});

/** Asks a webhook that answers with these statuses in turn, and then with the value. */
async function ask(
  statuses: readonly number[],
  environment: Readonly<Record<string, string>>,
  options: readonly string[] = [],
) {
  const stub = startStubWebhook({
    answer: (index) => {
      const status = statuses[index];
      return status === undefined ? Response.json({ KEY: "value" }) : new Response("failed\n", { status });
    },
  });
  webhook = stub;
  const outcome = await run([...options, "--", await probe()], {
    A: "piggy:KEY",
    PIGGY_ADDRESS: `http://127.0.0.1:${stub.port}`,
    PIGGY_TOKEN_FILE: tokenFile,
    ...environment,
  });
  return { outcome, requests: stub.requests.length };
}

describe("retries", () => {
  test("without any, the first failure is the last", async () => {
    const { outcome, requests } = await ask([503], {});
    expect(outcome.exitCode).toBe(125);
    expect(requests).toBe(1);
  });

  test("as often as told, 500 ms apart, a warning for each", async () => {
    const start = performance.now();
    const { outcome, requests } = await ask([503, 500], { PIGGY_NUMBER_OF_RETRY: "2" });
    const elapsed = performance.now() - start;
    expect(outcome.started().environment).toEqual(["A=value"]);
    expect(requests).toBe(3);
    expect(outcome.log().map(({ level }) => level)).toEqual(["warn", "warn"]);
    expect(elapsed).toBeGreaterThanOrEqual(1_000);
  });

  test("and no more often", async () => {
    const { outcome, requests } = await ask([503, 503, 503], { PIGGY_NUMBER_OF_RETRY: "1" });
    expect(outcome).toMatchObject({ exitCode: 125, stdout: "" });
    expect(requests).toBe(2);
    expect(outcome.log().map(({ level }) => level)).toEqual(["warn", "fatal"]);
  });

  test("--retry is for a container without PIGGY_NUMBER_OF_RETRY", async () => {
    const { outcome, requests } = await ask([503], {}, ["--retry", "1"]);
    expect(outcome.started().environment).toEqual(["A=value"]);
    expect(requests).toBe(2);
  });

  test("PIGGY_NUMBER_OF_RETRY wins over --retry", async () => {
    const { outcome, requests } = await ask([503], { PIGGY_NUMBER_OF_RETRY: "0" }, ["--retry", "5"]);
    expect(outcome.exitCode).toBe(125);
    expect(requests).toBe(1);
  });

  test("never after a refusal, which another try cannot change", async () => {
    const { outcome, requests } = await ask([403], { PIGGY_NUMBER_OF_RETRY: "3" });
    expect(outcome.exitCode).toBe(125);
    expect(requests).toBe(1);
  });

  test("never for a token that is not there", async () => {
    const environment = { PIGGY_NUMBER_OF_RETRY: "3", PIGGY_TOKEN_FILE: join(directory, "absent") };
    const { outcome, requests } = await ask([], environment);
    expect(outcome.exitCode).toBe(125);
    expect(outcome.log()).toMatchObject([{ level: "fatal", code: "token_missing" }]);
    expect(requests).toBe(0);
  });

  test("also when nobody listens yet", async () => {
    const environment = { PIGGY_NUMBER_OF_RETRY: "1", PIGGY_ADDRESS: "http://127.0.0.1:1" };
    const { outcome } = await ask([], environment);
    expect(outcome.exitCode).toBe(125);
    expect(outcome.log()).toMatchObject([{ level: "warn" }, { level: "fatal", code: "webhook_unreachable" }]);
  });
});

describe("the initial delay", () => {
  const elapsedWith = async (
    environment: Readonly<Record<string, string>>,
    options: readonly string[] = [],
  ) => {
    const start = performance.now();
    const { outcome } = await ask([], environment, options);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
    return performance.now() - start;
  };

  test.each([
    ["300ms", 300],
    ["0.3s", 300],
    ["200ms100ms", 300],
    ["300000us", 300],
  ])("of %s is waited for", async (delay, milliseconds) => {
    const elapsed = await elapsedWith({ PIGGY_INITIAL_DELAY: delay });
    expect(elapsed).toBeGreaterThanOrEqual(milliseconds);
  });

  test("of the flag is for a container without the variable", async () => {
    expect(await elapsedWith({}, ["--initial-delay", "300ms"])).toBeGreaterThanOrEqual(300);
    await elapsedWith({ PIGGY_INITIAL_DELAY: "1ns" }, ["--initial-delay", "1h"]);
  });

  test("is not for a container that has nothing to resolve", async () => {
    await elapsedWith({ A: "plain", PIGGY_INITIAL_DELAY: "1h" });
  });
});

describe("without a number of retries, what heals by itself is waited for", () => {
  test("until it has healed, a warning for each failure", async () => {
    const { outcome, requests } = await ask([503, 429, 502], { PIGGY_DEADLINE: "30s" });
    expect(outcome.started().environment).toEqual(["A=value"]);
    expect(requests).toBe(4);
    expect(outcome.log().map(({ level }) => level)).toEqual(["warn", "warn", "warn"]);
  });

  test("until somebody listens", async () => {
    const port = freePort();
    const child = Bun.spawn([await piggyEnv(), "--", await probe()], {
      env: {
        A: "piggy:KEY",
        PIGGY_ADDRESS: `http://127.0.0.1:${port}`,
        PIGGY_TOKEN_FILE: tokenFile,
        PIGGY_DEADLINE: "60s",
      },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    // Its first warning.
    await child.stderr.getReader().read();
    const server = Bun.serve({ hostname: "127.0.0.1", port, fetch: () => Response.json({ KEY: "value" }) });
    const stdout = await child.stdout.text();
    await server.stop(true);
    expect(parseProbe(stdout).environment).toEqual(["A=value"]);
  });

  test("until the deadline, and then the last failure is told", async () => {
    const { outcome, requests } = await ask(new Array(100).fill(503), { PIGGY_DEADLINE: "3s" });
    expect(outcome.exitCode).toBe(125);
    expect(requests).toBeGreaterThanOrEqual(3);
    expect(requests).toBeLessThan(20);
    expect(outcome.log().at(-1)).toMatchObject({ level: "fatal", code: "webhook_unavailable" });
  });

  test.each([400, 401, 403, 404])("but not what cannot heal: %d", async (status) => {
    const { outcome, requests } = await ask([status], { PIGGY_DEADLINE: "30s" });
    expect(outcome.exitCode).toBe(125);
    expect(requests).toBe(1);
  });
});
