/** The picture of docs/operating.md is drawn from what the dashboard's own queries answer. */
import { describe, expect, test } from "bun:test";
import { parseQuery } from "../../bench/dashboard/query.ts";
import { createKept } from "../../bench/dashboard/series.ts";
import { escaped } from "../../bench/dashboard/style.ts";
import { readPage } from "./pages.ts";

const EPOCH = 1_000;

/** Two replicas, scraped at 0, 10 and 20 seconds. */
function twoReplicas() {
  const kept = createKept();
  for (const [index, at] of [0, 10, 20].entries()) {
    for (const pod of ["a", "b"]) {
      const count = index * (pod === "a" ? 20 : 10);
      const lines = [
        `requests_total{route="mutate",outcome="injected"} ${count}`,
        `requests_total{route="secret",outcome="denied"} ${index === 2 ? 1 : 5 * index}`,
        `seconds_bucket{le="0.1"} ${count / 2}`,
        `seconds_bucket{le="0.2"} ${count}`,
        `seconds_bucket{le="+Inf"} ${count}`,
        `ends 5000`,
      ];
      kept.add(`${lines.join("\n")}\n`, at, { pod });
    }
  }
  return kept.series();
}

describe("a query", () => {
  test.each([
    ['sum by (outcome) (rate(requests_total{route="mutate"}[20s]))', [3]],
    ['sum by (pod) (increase(requests_total{outcome=~"inj.*"}[20s]))', [40, 20]],
    // It began anew between the second and the third.
    ['rate(requests_total{outcome="denied",pod="a"}[20s])', [0.3]],
    ["histogram_quantile(0.75, sum by (le) (rate(seconds_bucket[20s])))", [0.15]],
    ["min by (pod) (ends) - time()", [3980, 3980]],
    ['requests_total{route="mutate"} and on (pod) requests_total{pod="b"}', [20]],
    ["sum by (pod) (nothing)", []],
  ])("%s", (text, expected) => {
    const values = parseQuery(text, EPOCH)(twoReplicas(), 20).map(({ value }) => value);
    expect(values).toHaveLength(expected.length);
    for (const [index, value] of expected.entries()) expect(values[index]).toBeCloseTo(value, 6);
  });

  test.each(["sum(a)", "topk(3, a)", "rate(a[20s]) / 2", "a b"])(
    "that is not understood is refused: %s",
    (text) => {
      expect(() => parseQuery(text, EPOCH)).toThrow();
    },
  );
});

test("the picture shows the dashboard's panels", () => {
  const { panels } = JSON.parse(readPage("charts/piggy-webhooks/dashboard.json"));
  const titles = panels.map(({ title }: { readonly title: string }) => escaped(title));
  const drawn = [...readPage("docs/dashboard.svg").matchAll(/<text class="title"[^>]*>([^<]*)</g)];
  expect(drawn.map(([, title]) => title).sort()).toEqual(titles.sort());
});

test("all of the dashboard's are understood", () => {
  const queries = [
    ...readPage("charts/piggy-webhooks/dashboard.json").matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g),
  ];
  expect(queries.length).toBeGreaterThan(10);
  for (const [, json = ""] of queries) {
    const text: string = JSON.parse(json);
    parseQuery(text.replaceAll("$namespace", ".*").replaceAll("$__rate_interval", "20s"), EPOCH);
  }
});
