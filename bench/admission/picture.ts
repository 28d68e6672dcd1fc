/** The chart of the documentation: processor time a request, Pod by Pod. */
import { type BarGroup, drawChart } from "../chart.ts";
import type { Machine } from "../machine.ts";
import type { Measurement } from "./measure.ts";
import { OURS } from "./names.ts";
import { SCENARIOS } from "./review.ts";

const BUSY = 16;

export function drawAdmission(measurements: readonly Measurement[], machine: Machine): string {
  const groups = SCENARIOS.map(({ name, title }): BarGroup => {
    const busy = measurements.filter(
      ({ scenario, connections }) => scenario === name && connections === BUSY,
    );
    const bars = busy.map(({ server, cpuMicroseconds }) => ({
      label: server,
      value: cpuMicroseconds,
      isOurs: server === OURS,
    }));
    return { title, bars };
  });
  return drawChart({
    title: "Processor time of one POST /mutate over TLS",
    unit: "µs",
    groups,
    notes: [
      `Median of ${measurements[0]?.rounds} shots of 2 s at ${BUSY} kept-alive connections, taken in turns; server and client have a processor each.`,
      `${machine.processors} × ${machine.processor}, Linux ${machine.kernel}, ${machine.date.slice(0, 10)}. Shorter is better.`,
    ],
  });
}
