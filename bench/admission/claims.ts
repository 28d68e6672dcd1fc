/** What we say of admission's speed, in ratios of medians from one run on one machine. */
import type { Claim } from "../claim.ts";
import type { Measurement } from "./measure.ts";
import { OURS, PEER } from "./names.ts";
import { SCENARIOS } from "./review.ts";

const BUSY = 16;

export function claimsOf(measurements: readonly Measurement[]): readonly Claim[] {
  return SCENARIOS.flatMap(({ name }) => {
    const of = (server: string) =>
      measurements.find(
        (each) => each.scenario === name && each.connections === BUSY && each.server === server,
      );
    const [ours, peer] = [of(OURS), of(PEER)];
    const ratio = (field: "requestsPerSecond" | "cpuMicroseconds" | "p99Milliseconds") =>
      (ours?.[field] ?? Number.NaN) / (peer?.[field] ?? Number.NaN);
    const what = (subject: string) => `${name}: ${subject}, ${OURS} / ${PEER}`;
    return [
      { what: what("throughput"), atLeast: 8, unit: "times", measured: ratio("requestsPerSecond") },
      { what: what("CPU time a request"), atMost: 0.1, unit: "times", measured: ratio("cpuMicroseconds") },
      { what: what("p99"), atMost: 0.2, unit: "times", measured: ratio("p99Milliseconds") },
    ] satisfies readonly Claim[];
  });
}
