/** The chart of the documentation: how long it takes until an application runs, by what gets the injector into its Pod. */
import { type BarGroup, drawChart } from "../chart.ts";
import type { Measurement } from "../interleave.ts";
import type { Machine } from "../machine.ts";
import { NAMES } from "./names.ts";

const GROUPS = [
  {
    title: "The images are on the node",
    bars: [
      ["plain Pod", NAMES.plain, false],
      ["image volume", NAMES.image, true],
      ["init container", NAMES.init, true],
      ["init, 200m", NAMES.limited, true],
      ["Go, 9 MB, init", NAMES.peer, false],
    ],
  },
  {
    title: "Every image is pulled first, from a registry on the same machine",
    bars: [
      ["plain Pod", NAMES.coldPlain, false],
      ["image volume", NAMES.coldImage, true],
      ["init container", NAMES.coldInit, true],
      ["Go, 9 MB, init", NAMES.coldPeer, false],
    ],
  },
] as const;

export function drawPodStart(measurements: readonly Measurement[], machine: Machine): string {
  const medians = new Map(measurements.map(({ name, median }) => [name, median]));
  const groups = GROUPS.map(({ title, bars }): BarGroup => {
    const measured = bars.flatMap(([label, name, isOurs]) => {
      const value = medians.get(name);
      return value === undefined ? [] : [{ label, value, isOurs }];
    });
    return { title, bars: measured };
  });
  const roundsOf = (wanted: string) => measurements.find(({ name }) => name === wanted)?.rounds ?? 0;
  return drawChart({
    title: "From the creation of a Pod to its application's first instruction",
    unit: "ms",
    groups: groups.filter(({ bars }) => bars.length > 0),
    notes: [
      `Median of ${roundsOf(NAMES.plain)} Pods each, of ${roundsOf(NAMES.coldPlain)} where images are pulled, taken in turns. Kubernetes 1.36, one node, containerd.`,
      `${machine.processors} × ${machine.processor}, Linux ${machine.kernel}, ${machine.date.slice(0, 10)}. Shorter is better.`,
    ],
  });
}
