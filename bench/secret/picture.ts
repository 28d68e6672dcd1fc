/** The chart of the documentation: requests a second, beside the program in Go. */
import { type BarGroup, drawChart } from "../chart.ts";
import type { Machine } from "../machine.ts";
import { CONNECTIONS, type Measurement } from "./measure.ts";
import { PEER, UNCACHED } from "./names.ts";

export function drawSecret(measurements: readonly Measurement[], machine: Machine): string {
  const groups = CONNECTIONS.map((connections): BarGroup => {
    const title = connections === 1 ? "One connection" : `${connections} connections`;
    const bars = measurements
      .filter((each) => each.connections === connections)
      .map(({ server, requestsPerSecond }) => ({
        label: server === UNCACHED ? "without its cache" : server,
        value: requestsPerSecond / 1000,
        isOurs: server !== PEER,
      }));
    return { title, bars };
  });
  return drawChart({
    title: "POST /secret over TLS, in thousands a second",
    unit: "k/s",
    groups,
    notes: [
      `Median of ${measurements[0]?.rounds} shots of 2 s at kept-alive connections, taken in turns; each server has one processor.`,
      "Each asks for TokenReview and Pod for each request; the Go program and the one without a cache ask AWS too.",
      `${machine.processors} × ${machine.processor}, Linux ${machine.kernel}, ${machine.date.slice(0, 10)}. Longer is better.`,
    ],
  });
}
