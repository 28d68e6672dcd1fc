/** The chart of the documentation: what piggy-env and its peers take, mode by mode. */
import { type BarGroup, drawChart } from "../chart.ts";
import type { Measurement } from "../interleave.ts";
import type { Machine } from "../machine.ts";
import { NAMES } from "./names.ts";

const OURS = "piggy-env";
const GO = "Go program";

const GROUPS = [
  {
    title: "Nothing in front, and nothing to resolve",
    bars: [
      ["target alone", NAMES.target],
      [OURS, NAMES.nothing],
    ],
  },
  {
    title: "Proxy mode, over TLS (the Go program does not verify it)",
    bars: [
      [OURS, NAMES.proxy],
      [GO, NAMES.proxyGo],
    ],
  },
  {
    title: "Proxy mode, a network of 0.5 ms round trips and a cluster's DNS",
    bars: [
      [OURS, NAMES.farProxy],
      [GO, NAMES.farProxyGo],
    ],
  },
  {
    title: "Standalone, static keys, over HTTPS",
    bars: [
      [OURS, NAMES.keys],
      [GO, NAMES.keysGo],
      ["vals", NAMES.keysVals],
    ],
  },
  {
    title: "Standalone, IRSA, over HTTPS",
    bars: [
      [OURS, NAMES.role],
      [GO, NAMES.roleGo],
      ["vals", NAMES.roleVals],
    ],
  },
] as const;

export function drawInjector(measurements: readonly Measurement[], machine: Machine): string {
  const medians = new Map(measurements.map(({ name, median }) => [name, median]));
  const groups = GROUPS.map(({ title, bars }): BarGroup => {
    const measured = bars.flatMap(([label, name]) => {
      const value = medians.get(name);
      return value === undefined ? [] : [{ label, value, isOurs: label === OURS }];
    });
    return { title, bars: measured };
  });
  const [first] = measurements;
  return drawChart({
    title: "From the start of a container's process to the end of its program",
    unit: "ms",
    groups: groups.filter(({ bars }) => bars.length > 0),
    notes: [
      `Median of ${first?.rounds} whole processes each, taken in turns; the program itself does nothing. AWS is a fake on the same machine.`,
      `${machine.processors} × ${machine.processor}, Linux ${machine.kernel}, ${machine.date.slice(0, 10)}. Shorter is better.`,
    ],
  });
}
