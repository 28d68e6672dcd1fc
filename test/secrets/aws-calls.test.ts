/** When calls to AWS are made again, and how many there are at a time; through HTTP, see resilience.test.ts. */
import { describe, expect, test } from "bun:test";
import { PiggyError } from "../../lib/error.ts";
import { createAwsCalls, pauseAfter } from "../../lib/secrets/aws-calls.ts";
import type { ReadEvent } from "../../lib/secrets/read-event.ts";
import { until } from "../support/until.ts";

const CALL = { service: "secretsmanager", region: "eu-west-1", action: "GetSecretValue" };
const never = new AbortController().signal;
const throttled = () => Promise.reject(new PiggyError("aws_throttled", "Rate exceeded"));

describe("pauses", () => {
  test("are twice as long each time, up to two seconds, and half of each by chance", () => {
    expect([1, 2, 3, 4, 5, 6, 50].map((tried) => pauseAfter(tried, 1))).toEqual([
      100, 200, 400, 800, 1_600, 2_000, 2_000,
    ]);
    expect([pauseAfter(1, 0), pauseAfter(50, 0)]).toEqual([50, 1_000]);
  });
});

describe("a call", () => {
  test("is made again until it succeeds, and each try is told of", async () => {
    const events: ReadEvent[] = [];
    const { make } = createAwsCalls({ onEvent: (event) => events.push(event), random: () => 0 });
    let tries = 0;
    const run = async () => {
      tries += 1;
      return tries < 3 ? throttled() : "value";
    };
    expect(await make(CALL, never, run)).toBe("value");
    expect(events).toMatchObject([
      { kind: "queue", queue: "aws" },
      { kind: "call", ...CALL, outcome: "aws_throttled", tried: 1 },
      { kind: "call", ...CALL, outcome: "aws_throttled", tried: 2 },
      { kind: "call", ...CALL, outcome: "ok", tried: 3 },
    ]);
  });

  test("is not made again for what stays as it is", async () => {
    const { make } = createAwsCalls();
    let tries = 0;
    const run = () => {
      tries += 1;
      return Promise.reject(new PiggyError("aws_access_denied", "no"));
    };
    expect(make(CALL, never, run)).rejects.toMatchObject({ code: "aws_access_denied" });
    await Bun.sleep(0);
    expect(tries).toBe(1);
  });

  test("is not made again when nobody waits, not even after the pause that has begun", async () => {
    const { make } = createAwsCalls({ random: () => 0 });
    const waiting = new AbortController();
    let tries = 0;
    const run = () => {
      tries += 1;
      return throttled();
    };
    const made = make(CALL, waiting.signal, run);
    await until(() => tries >= 2);
    waiting.abort();
    expect(made).rejects.toMatchObject({ code: "aws_throttled" });
    await made.catch(() => {});
    expect(tries).toBe(2);
  });

  test("waits its turn outside of its pauses, which take no place", async () => {
    const { make } = createAwsCalls({ bounds: { underWay: 1, waiting: 1 }, random: () => 1 });
    const begun: string[] = [];
    const failing = make(CALL, AbortSignal.timeout(50), () => {
      begun.push("failing");
      return throttled();
    });
    expect(await make(CALL, never, async () => begun.push("other"))).toBe(2);
    expect(failing).rejects.toMatchObject({ code: "aws_throttled" });
    await failing.catch(() => {});
    expect(begun).toEqual(["failing", "other"]);
  });

  test("is refused when too many wait, in a word that says so", async () => {
    const events: ReadEvent[] = [];
    const calls = createAwsCalls({
      bounds: { underWay: 1, waiting: 1 },
      onEvent: (event) => events.push(event),
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = calls.make(CALL, never, () => promise);
    const second = calls.make(CALL, never, async () => "second");
    expect(calls.make(CALL, never, async () => "third")).rejects.toMatchObject({ code: "overloaded" });
    expect(events).toMatchObject([
      { kind: "queue", queue: "aws" },
      { kind: "refused", queue: "aws" },
    ]);
    resolve("first");
    expect(await Promise.all([first, second])).toEqual(["first", "second"]);
  });
});
