/** How long a value is good, and what ends its time before. The clock is the test's; through HTTP, see stale.test.ts. */
import { describe, expect, test } from "bun:test";
import { type ErrorCode, PiggyError } from "../../lib/error.ts";
import { createAwsCalls } from "../../lib/secrets/aws-calls.ts";
import { keepReads } from "../../lib/secrets/cached-reads.ts";
import type { ReadEvent } from "../../lib/secrets/read-event.ts";
import { keyOf } from "../../lib/secrets/value-cache.ts";
import type { Entries, Location } from "../../lib/secrets/world.ts";
import { until } from "../support/until.ts";

const TTL_MS = 30_000;
const LOCATION: Location = { kind: "secret", name: "shop/cart", version: "AWSCURRENT", region: "eu-west-1" };
const never = new AbortController().signal;

const entries = (password: string): Entries => ({
  values: new Map([["password", password]]),
  version: undefined,
  arns: [],
  requestId: undefined,
});

type Outcome = string | ErrorFrom;
interface ErrorFrom {
  readonly code: ErrorCode;
}

/** AWS as it answers at the moment, and what is read of it at the time that the test says it is. */
function reading(ttlMs = TTL_MS) {
  const clock = { now: 1_000 };
  const events: ReadEvent[] = [];
  const aws: { answer: Outcome; asked: number } = { answer: "first", asked: 0 };
  const { readStore } = keepReads(
    {
      async readStore() {
        aws.asked += 1;
        const { answer } = aws;
        if (typeof answer !== "string") throw new PiggyError(answer.code, `failed: ${answer.code}`);
        return entries(answer);
      },
      readEntry: () => Promise.reject(new Error("nobody asks")),
    },
    {
      calls: createAwsCalls(),
      ttlMs,
      now: () => clock.now,
      onEvent: (event) => events.push(event),
    },
  );
  /** The value, or the code of why there is none. */
  const read = async (location = LOCATION) => {
    try {
      return (await readStore(location, never)).values.get("password");
    } catch (error) {
      return error instanceof PiggyError ? { code: error.code } : error;
    }
  };
  return { clock, aws, events, read, readStore };
}

describe("a value", () => {
  test("is good for its time, and read anew after it", async () => {
    const { clock, aws, read } = reading();
    expect(await read()).toBe("first");
    aws.answer = "second";
    clock.now += TTL_MS - 1;
    expect(await read()).toBe("first");
    clock.now += 1;
    expect(await read()).toBe("second");
    expect(aws.asked).toBe(2);
  });

  test("is the very same for everybody within its time", async () => {
    const { readStore } = reading();
    const [one, two] = await Promise.all([readStore(LOCATION, never), readStore(LOCATION, never)]);
    expect(two).toBe(one);
    expect(await readStore(LOCATION, never)).toBe(one);
  });

  test("is not kept at all where there is no time", async () => {
    const { aws, read } = reading(0);
    await read();
    aws.answer = "second";
    expect(await read()).toBe("second");
  });
});

describe("a value past its time", () => {
  test.each<ErrorCode>(["aws_throttled", "aws_unavailable"])(
    "is given on %s, once the time again",
    async (code) => {
      const { clock, aws, read } = reading();
      await read();
      aws.answer = { code };
      clock.now += TTL_MS;
      expect(await read()).toBe("first");
      clock.now += TTL_MS - 1;
      expect(await read()).toBe("first");
      clock.now += 1;
      expect(await read()).toEqual({ code });
      expect(aws.asked).toBe(4);
    },
  );

  test("is not made younger by being given", async () => {
    const { clock, aws, read } = reading();
    await read();
    aws.answer = { code: "aws_unavailable" };
    for (let passed = 0; passed < 2 * TTL_MS; passed += TTL_MS / 4) {
      expect(await read()).toBe("first");
      clock.now += TTL_MS / 4;
    }
    expect(await read()).toEqual({ code: "aws_unavailable" });
  });

  test.each<ErrorCode>([
    "aws_access_denied",
    "aws_decryption_failed",
    "secret_not_found",
    "secret_not_keyed",
    "credentials_missing",
    "aws_untrusted",
    "aws_error",
  ])("is given to nobody any more on %s, whatever AWS says next", async (code) => {
    const { clock, aws, events, read } = reading();
    await read();
    clock.now += TTL_MS;
    aws.answer = { code };
    expect(await read()).toEqual({ code });
    aws.answer = { code: "aws_throttled" };
    expect(await read()).toEqual({ code: "aws_throttled" });
    expect(events).toContainEqual({ kind: "dropped", code });
  });

  test("is neither given nor forgotten because we have too much to do", async () => {
    const { clock, aws, read } = reading();
    await read();
    clock.now += TTL_MS;
    aws.answer = { code: "overloaded" };
    expect(await read()).toEqual({ code: "overloaded" });
    aws.answer = { code: "aws_throttled" };
    expect(await read()).toBe("first");
  });

  test("is good again when AWS answers", async () => {
    const { clock, aws, read } = reading();
    await read();
    clock.now += TTL_MS;
    aws.answer = { code: "aws_throttled" };
    await read();
    aws.answer = "second";
    expect(await read()).toBe("second");
    clock.now += TTL_MS - 1;
    expect(await read()).toBe("second");
    expect(aws.asked).toBe(3);
  });
});

/** Reads whose calls the test answers. */
function hanging(now = () => performance.now()) {
  const calls = createAwsCalls({ random: () => 0 });
  const tries: ((error?: PiggyError) => void)[] = [];
  const { readStore } = keepReads(
    {
      readStore: (_, signal) =>
        calls.make(
          { service: "secretsmanager", region: "eu-west-1", action: "GetSecretValue" },
          signal,
          () => {
            const { promise, resolve, reject } = Promise.withResolvers<void>();
            tries.push((error) => (error === undefined ? resolve() : reject(error)));
            return promise.then(() => entries("value"));
          },
        ),
      readEntry: () => Promise.reject(new Error("nobody asks")),
    },
    { calls, ttlMs: TTL_MS, now },
  );
  const read = (signal: AbortSignal) =>
    readStore(LOCATION, signal).then(
      ({ values }) => values.get("password"),
      (error: PiggyError) => error.message,
    );
  const tried = (count: number) => until(() => tries.length >= count);
  return { read, tries, tried };
}

describe("whoever has no more time", () => {
  test("is told what failed last, while the reading goes on for the others", async () => {
    const { read, tries, tried } = hanging();
    const first = new AbortController();
    const early = read(first.signal);
    const other = read(never);
    tries[0]?.(new PiggyError("aws_throttled", "Rate exceeded"));
    await tried(2);
    first.abort();
    expect(await early).toBe("Rate exceeded");
    tries[1]?.();
    expect(await other).toBe("value");
  });

  test("is told that there was no answer where nothing failed", async () => {
    const { read } = hanging();
    expect(await read(AbortSignal.timeout(1))).toBe("secret shop/cart in eu-west-1: no answer in time");
  });

  test("leaves a call behind whose answer serves the next, and which is not made again", async () => {
    const { read, tries, tried } = hanging();
    await read(AbortSignal.timeout(1));
    const next = read(never);
    tries[0]?.();
    expect(await next).toBe("value");
    expect(await read(never)).toBe("value");
    expect(tries).toHaveLength(1);

    const alone = hanging();
    await alone.read(AbortSignal.timeout(1));
    alone.tries[0]?.(new PiggyError("aws_throttled", "Rate exceeded"));
    const later = alone.read(never);
    await alone.tried(2);
    alone.tries[1]?.();
    expect(await later).toBe("value");
    await tried(1);
  });
});

test("a value past its time is given, before it is gone, to whoever has waited for AWS in vain", async () => {
  const clock = { ahead: 0 };
  const { read, tries } = hanging(() => clock.ahead + performance.now());
  const first = read(never);
  tries[0]?.();
  await first;
  // A second is left of its time: less than anybody would wait for AWS who has another.
  clock.ahead = 2 * TTL_MS - 1_000;
  expect(await read(never)).toBe("value");
  expect(tries).toHaveLength(2);
});

test("no more is kept than there is room for", async () => {
  const { aws, read } = reading();
  const location = (name: string): Location => ({ ...LOCATION, name });
  for (let count = 0; count <= 5_000; count += 1) await read(location(`secret-${count}`));
  await read(location("secret-5000"));
  expect(aws.asked).toBe(5_001);
  await read(location("secret-0"));
  expect(aws.asked).toBe(5_002);

  const large = reading();
  large.aws.answer = "x".repeat(64 * 1024);
  for (let count = 0; count < 200; count += 1) await large.read(location(`secret-${count}`));
  await large.read(location("secret-199"));
  expect(large.aws.asked).toBe(200);
  await large.read(location("secret-0"));
  expect(large.aws.asked).toBe(201);
});

describe("the key of a location", () => {
  test("is made of everything in it, in whatever order", () => {
    const { kind, name, version, region } = LOCATION as Location & { kind: "secret" };
    expect(keyOf({ region, version, name, kind })).toBe(keyOf(LOCATION));
    const role = {
      arn: "arn:aws:iam::111122223333:role/a",
      namespace: "shop",
      serviceAccount: "cart",
    };
    const locations: readonly Location[] = [
      LOCATION,
      { ...LOCATION, name: "shop" } as Location,
      { ...LOCATION, role },
      { ...LOCATION, role: { ...role, namespace: "books" } },
      { ...LOCATION, role: { ...role, externalId: "x" } },
      { ...LOCATION, role: { ...role, arn: "arn:aws:iam::111122223333:role/b" } },
    ];
    expect(new Set(locations.map(keyOf)).size).toBe(locations.length);
    const { arn, namespace, serviceAccount } = role;
    expect(keyOf({ role: { serviceAccount, namespace, arn }, ...LOCATION })).toBe(
      keyOf({ ...LOCATION, role }),
    );
  });

  test("is not made of what would be missing in it", () => {
    expect(() => keyOf({ ...LOCATION, tags: new Map([["namespace", "shop"]]) })).toThrow(TypeError);
  });

  test("is the same with and without what is not given", () => {
    expect(keyOf({ kind: "secret", stage: undefined })).toBe(keyOf({ kind: "secret" }));
  });
});

test("whoever counts is told how each reading was answered", async () => {
  const { clock, aws, events, read } = reading();
  await Promise.all([read(), read()]);
  await read();
  clock.now += TTL_MS;
  aws.answer = { code: "aws_throttled" };
  await read();
  clock.now += TTL_MS;
  await read();
  expect(events).toEqual([
    { kind: "read", from: "call" },
    { kind: "read", from: "shared" },
    { kind: "read", from: "kept" },
    { kind: "read", from: "stale", code: "aws_throttled" },
    { kind: "read", from: "failed", code: "aws_throttled" },
  ]);
});
