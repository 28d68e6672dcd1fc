/** What the chart's alerts and dashboard ask Prometheus for, and operators read of, is what piggy-webhooks says of itself. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { scrape } from "../metrics/scrape.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

/** With what Prometheus makes of a histogram. */
const series = new Set<string>();
let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const { name, type } of (await scrape(world.webhook)).families) {
    const suffixes = type === "HISTOGRAM" ? ["_bucket", "_sum", "_count"] : [""];
    for (const suffix of suffixes) series.add(name + suffix);
  }
});
afterAll(() => world.stop());

const ASKED = /\b(?:piggy|process|kube)_[a-z_]+\b/g;
/** Of kube-state-metrics: whether Pods are ready, nobody but the API server knows. */
const OF_OTHERS = ["kube_deployment_spec_replicas", "kube_deployment_status_replicas_ready"];

const PLACES = [
  "charts/piggy-webhooks/templates/prometheusrule.yaml",
  "charts/piggy-webhooks/dashboard.json",
  "docs/operating.md",
];

describe.each(PLACES)("%s", (file) => {
  test("asks for what is there", async () => {
    const url = new URL(`../../${file}`, import.meta.url);
    const asked = new Set((await Bun.file(fileURLToPath(url)).text()).match(ASKED));
    expect(asked.size).toBeGreaterThan(4);
    const missing = [...asked].filter((name) => !series.has(name) && !OF_OTHERS.includes(name));
    expect(missing).toEqual([]);
  });
});
