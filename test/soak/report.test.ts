/** What a soak run's sightings come to. */
import { describe, expect, test } from "bun:test";
import { createRecorder, type Held } from "../../soak/record.ts";
import { reportOf } from "../../soak/report.ts";
import { overfull, steadinessOf, unsteady } from "../../soak/steadiness.ts";

const HOUR = 3600;

test("samples become counts, quantiles and buckets", () => {
  const { seen } = createRecorder(() => {});
  for (let second = 0; second < 600; second += 1)
    seen.pods.push({ at: second, ms: second < 300 ? 100 : 900 });
  seen.admissions.push({ at: 0, ms: 5 });
  seen.retries.push(
    { at: 599, of: "create", why: "webhook away" },
    { at: 600, of: "container", why: "aws_down" },
  );
  const { starts, buckets, retries } = reportOf(seen, 600, 1);
  expect(starts).toEqual({ count: 600, p50: 900, p90: 900, p99: 900, slowest: 900 });
  expect(buckets).toHaveLength(60);
  expect(buckets[0]).toMatchObject({ at: 5, pods: 10, startP50: 100, admissions: 1, admissionP99: 5 });
  expect(buckets[1]?.admissionP50).toBeNull();
  // What comes when the time is over belongs to its end.
  expect(buckets[59]).toMatchObject({ startP99: 900, retries: { create: 1, container: 1, admission: 0 } });
  expect(retries).toEqual({ create: { "webhook away": 1 }, container: { aws_down: 1 }, admission: {} });
});

test("a violation is counted and printed, with what the replicas said last", () => {
  const printed: string[] = [];
  const { seen, overhear, violated } = createRecorder((line) => printed.push(line));
  for (let line = 0; line < 100; line += 1) overhear("one", `line ${line}`);
  violated("lost", "stay-1", "nowhere");
  expect(seen.violations).toMatchObject([{ kind: "lost", who: "stay-1", what: "nowhere" }]);
  expect(printed[0]).toContain("lost, stay-1: nowhere");
  expect(printed.at(-1)).toContain("one: line 99");
  expect(printed.length).toBeLessThan(20);
});

describe("what a replica holds", () => {
  const holding = (memory: (second: number) => number, seconds = HOUR): readonly Held[] =>
    Array.from({ length: seconds / 2 }, (_, index) => ({
      at: index * 2,
      replica: "one/1",
      memory: memory(index * 2),
      descriptors: { socket: 12, file: 8 },
    }));

  test("stays, though it rises between two collections", () => {
    const held = holding((second) => 40 + (second % 300) / 30);
    expect(unsteady(steadinessOf(held))).toEqual([]);
    expect(steadinessOf(held)).toMatchObject([{ replica: "one/1", descriptors: 1 }]);
  });

  test("grows", () => {
    const rising = (second: number) => 40 + second / 100;
    expect(unsteady(steadinessOf(holding(rising, 5 * HOUR)))).toMatchObject([
      { kind: "memory", who: "one/1" },
    ]);
    // Of an hour it is told, and not judged.
    expect(unsteady(steadinessOf(holding(rising)))).toEqual([]);
    expect(steadinessOf(holding(rising))[0]?.memory).toBeGreaterThan(1.1);
    const descriptors = holding(() => 40).map((each) => ({
      ...each,
      descriptors: { socket: 12 + each.at / 100 },
    }));
    expect(unsteady(steadinessOf(descriptors))).toMatchObject([{ kind: "descriptors" }]);
  });

  test("does not grow by connections that are kept for the next call, were they eight", () => {
    const keeping = (early: number, late: number) =>
      holding(() => 40).map((each) => ({
        ...each,
        descriptors: { file: 8, "to port 443": each.at < HOUR / 2 ? early : late },
      }));
    expect(steadinessOf(keeping(0, 4))).toMatchObject([{ descriptors: 1, kept: 4 }]);
    expect(unsteady(steadinessOf(keeping(0, 8)))).toEqual([]);
    expect(unsteady(steadinessOf(keeping(9, 8)))).toEqual([]);
    expect(unsteady(steadinessOf(keeping(0, 9)))).toEqual([
      { kind: "connections", who: "one/1", what: "keeps 9 at the least" },
    ]);
  });

  test("is told of each eighth of its life, descriptors by what they are for", () => {
    const held = holding((second) => (second < HOUR / 8 ? 7 : 40)).map((each) => ({
      ...each,
      descriptors: each.at < HOUR / 2 ? { file: 8 } : { file: 8, socket: 3 },
    }));
    expect(steadinessOf(held)).toMatchObject([
      {
        eighths: {
          memory: [7, 40, 40, 40, 40, 40, 40, 40],
          descriptors: { file: [8, 8, 8, 8, 8, 8, 8, 8], socket: [0, 0, 0, 0, 3, 3, 3, 3] },
        },
      },
    ]);
  });

  test("is too much at more than 64 MiB, were it once in a short life", () => {
    const MIB = 2 ** 20;
    const once = (most: number) => holding((second) => (second === 300 ? most : 40) * MIB, 600);
    expect(overfull(once(64))).toEqual([]);
    expect(overfull(once(65))).toEqual([{ kind: "memory", who: "one/1", what: "65 MiB" }]);
  });

  test("is not said of one that lived for minutes", () => {
    expect(steadinessOf(holding((second) => 40 + second, 600))).toEqual([]);
  });
});
