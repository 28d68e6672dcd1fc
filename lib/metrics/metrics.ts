/** All that piggy-webhooks says of itself in numbers. */
import { createCallMetrics } from "./calls.ts";
import { type Family, formatFamilies } from "./exposition.ts";
import { createCounters } from "./family.ts";
import { processFamilies } from "./process.ts";
import { createReadMetrics } from "./reads.ts";
import { createRequestMetrics } from "./requests.ts";

export interface Identity {
  readonly version: string;
  readonly bun: string;
}

/** A number that is somewhere already, and read when somebody asks. Undefined: there is none now. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly read: () => number | undefined;
}

export function createMetrics({ version, bun }: Identity) {
  const requests = createRequestMetrics();
  const kubernetes = createCallMetrics({ name: "kubernetes", title: "the API server", label: "kind" });
  const reads = createReadMetrics();
  const images = createCounters({
    name: "piggy_image_lookups_total",
    help: "What images run: looked up in a registry (asked), by another at the same time (shared) or before (cached).",
    labels: ["source", "outcome"],
  });
  const gauges: Gauge[] = [];
  const build: Family = {
    name: "piggy_build_info",
    help: "The version that is running, and of what.",
    type: "gauge",
    samples: () => [
      {
        labels: [
          ["version", version],
          ["bun", bun],
        ],
        value: 1,
      },
    ],
  };
  const families = [build, ...requests.families, ...kubernetes.families, ...reads.families, images];
  return {
    requests,
    observeKubernetes: kubernetes.observe,
    observeRead: reads.observe,
    observeAws: reads.observeAws,
    observeImage: (source: "asked" | "shared" | "cached", outcome: string) => {
      images.of({ source, outcome }).value += 1;
    },
    /** A gauge without labels. */
    addGauge: (gauge: Gauge) => void gauges.push(gauge),
    /** In the text format of Prometheus. */
    text: () => formatFamilies([...families, ...gauges.map(familyOf), ...processFamilies]),
  };
}

function familyOf({ name, help, read }: Gauge): Family {
  return {
    name,
    help,
    type: "gauge",
    samples() {
      const value = read();
      return value === undefined ? [] : [{ labels: [], value }];
    },
  };
}
