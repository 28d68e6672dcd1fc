import { describe, expect, test } from "bun:test";
import { type Family, formatFamilies } from "../../lib/metrics/exposition.ts";
import { createCounters, createHistograms } from "../../lib/metrics/family.ts";
import { parseScrape } from "./scrape.ts";

const read = (...families: readonly Family[]) => parseScrape(formatFamilies(families));

describe("a label's value", () => {
  test.each(["plain", "", 'with "quotes"', "back\\slash", "two\nlines", "\\n", '\\"', "é 日本", "a,b={}"])(
    "comes back as it was: %j",
    (value) => {
      const counters = createCounters({ name: "a_total", help: "x", labels: ["one", "two"] });
      counters.of({ one: value, two: "b" }).value += 3;
      expect(read(counters).families).toEqual([
        {
          name: "a_total",
          help: "x",
          type: "COUNTER",
          metrics: [{ labels: { one: value, two: "b" }, value: "3" }],
        },
      ]);
    },
  );
});

test("a help text stays on its line", () => {
  const counters = createCounters({ name: "a_total", help: "one\ntwo \\ three", labels: [] });
  expect(formatFamilies([counters])).toBe("# HELP a_total one\\ntwo \\\\ three\n# TYPE a_total counter\n");
});

test.each([
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
  [Number.NaN, "NaN"],
  [1e21, "1e+21"],
  [0.1, "0.1"],
])("the number %d is written as Go reads it", (value, written) => {
  const gauge: Family = { name: "g", help: "", type: "gauge", samples: () => [{ labels: [], value }] };
  expect(formatFamilies([gauge])).toEndWith(`g ${written}\n`);
});

test("a histogram's buckets hold all that is not longer, and the last holds all", () => {
  const histograms = createHistograms({ name: "h_seconds", help: "x", labels: ["route"] }, [0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 2]) histograms.of({ route: "a" }).observe(seconds);
  histograms.of({ route: "b" }).observe(1);
  const { families, samples } = read(histograms);
  expect(families).toMatchObject([{ name: "h_seconds", help: "x", type: "HISTOGRAM" }]);
  const bucket = (route: string, le: string, value: number) => ({
    name: "h_seconds_bucket",
    labels: { route, le },
    value,
  });
  expect(samples.filter(({ name }) => name === "h_seconds_bucket")).toEqual([
    bucket("a", "0.1", 2),
    bucket("a", "1", 3),
    bucket("a", "+Inf", 4),
    bucket("b", "0.1", 0),
    bucket("b", "1", 1),
    bucket("b", "+Inf", 1),
  ]);
  expect(samples.filter(({ name }) => name !== "h_seconds_bucket")).toEqual([
    { name: "h_seconds_sum", labels: { route: "a" }, value: 2.65 },
    { name: "h_seconds_count", labels: { route: "a" }, value: 4 },
    { name: "h_seconds_sum", labels: { route: "b" }, value: 1 },
    { name: "h_seconds_count", labels: { route: "b" }, value: 1 },
  ]);
});

test("a family does not grow without end, whatever its labels are made of", () => {
  const counters = createCounters({ name: "a_total", help: "x", labels: ["name", "code"] });
  for (let index = 0; index < 10_000; index += 1) counters.of({ name: `n${index}`, code: "c" }).value += 1;
  const [family] = read(counters).families;
  expect(family?.metrics).toHaveLength(201);
  expect(read(counters).value("a_total", { name: "other", code: "other" })).toBe(9_800);
  expect(read(counters).value("a_total", { name: "n0", code: "c" })).toBe(1);
});
