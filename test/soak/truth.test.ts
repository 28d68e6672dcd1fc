/** What a container of a soak run may have been given. */
import { describe, expect, test } from "bun:test";
import { fingerprint, judge, parseSaid, type Truth, type Version } from "../../soak/truth.ts";

const TTL_MS = 10_000;
const SLACK_MS = 5_000;
const version = (serial: number, from: number): Version => ({
  serial,
  from,
  values: { KEY: `key${serial}`, JOINED: `joined${serial}`, DEFAULT: "default", ENTRY: `entry${serial}` },
});
const truth: Truth = {
  versions: [version(1, 0), version(2, 100_000), version(3, 200_000)],
  disturbed: [],
  ttlMs: TTL_MS,
};
const valuesOf = (serial: number) => version(serial, 0).values;
const kindOf = (at: number, values: Version["values"], more: Partial<Truth> = {}) =>
  judge({ at, values }, { ...truth, ...more })?.kind;

describe("a container got what it should", () => {
  test.each([
    ["the version that AWS holds", 150_000, 2],
    ["the one before, as long as that may be kept", 100_000 + TTL_MS, 1],
  ])("%s", (_, at, serial) => {
    expect(kindOf(at, valuesOf(serial))).toBeUndefined();
  });

  test("the entry of another secret may be of another version", () => {
    expect(kindOf(101_000, { ...valuesOf(1), ENTRY: "entry2" })).toBeUndefined();
  });

  test("one that is kept as long again, while AWS does not answer", () => {
    const at = 100_000 + 2 * TTL_MS;
    const disturbed = [{ from: 99_000, until: undefined }];
    expect(kindOf(at, valuesOf(1), { disturbed })).toBeUndefined();
  });
});

describe("a container got what it should not", () => {
  test("a reference", () => {
    expect(kindOf(150_000, { ...valuesOf(2), JOINED: "literal" })).toBe("literal");
  });

  test.each([
    ["another value", { KEY: "other" }],
    ["nothing", { ENTRY: "unset" }],
    ["a value of two versions", { KEY: "key1" }],
  ])("%s", (_, values) => {
    expect(kindOf(101_000, { ...valuesOf(2), ...values })).toBe("wrong value");
  });

  test("a version that AWS has not had yet", () => {
    expect(kindOf(150_000, valuesOf(3))).toBe("wrong value");
  });

  test("one that was kept too long", () => {
    const at = 100_000 + TTL_MS + SLACK_MS + 1;
    expect(kindOf(at, valuesOf(1))).toBe("kept too long");
    const over = [{ from: 0, until: at - 3 * TTL_MS }];
    expect(kindOf(at, valuesOf(1), { disturbed: over })).toBe("kept too long");
    const now = [{ from: 0, until: undefined }];
    expect(kindOf(at + TTL_MS, valuesOf(1), { disturbed: now })).toBe("kept too long");
  });
});

test("a program's line is read, and no other", () => {
  expect(parseSaid("said at=1.250000000 KEY=00ff DEFAULT=unset")).toEqual({
    at: 1250,
    values: { KEY: "00ff", DEFAULT: "unset" },
  });
  expect(parseSaid('{"level":"error","message":"said at=1.2 KEY=00"}')).toBeUndefined();
});

// Source: the test vectors of draft-eastlake-fnv.
test.each([
  ["", "cbf29ce484222325"],
  ["a", "af63dc4c8601ec8c"],
  ["foobar", "85944171f73967e8"],
])("the fingerprint of %p", (text, hash) => {
  expect(fingerprint(text)).toBe(hash);
});
