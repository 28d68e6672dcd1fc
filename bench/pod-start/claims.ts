/** What we say of a Pod's start, in ratios of medians from one run on one machine, its images on the node already. */
import type { Claim } from "../claim.ts";
import type { Measurement } from "../interleave.ts";
import { NAMES } from "./names.ts";

type Name = (typeof NAMES)[keyof typeof NAMES];

interface Ratio {
  readonly ours: Name;
  readonly theirs: Name;
  readonly atMost: number;
}

const RATIOS: readonly Ratio[] = [
  { ours: NAMES.image, theirs: NAMES.plain, atMost: 1.05 },
  { ours: NAMES.init, theirs: NAMES.peer, atMost: 1.25 },
];

export function claimsOf(measurements: readonly Measurement[]): readonly Claim[] {
  const medianOf = (wanted: Name) => measurements.find(({ name }) => name === wanted)?.median ?? Number.NaN;
  return RATIOS.map(
    ({ ours, theirs, atMost }): Claim => ({
      what: `${ours} / ${theirs}`,
      atMost,
      unit: "times",
      measured: medianOf(ours) / medianOf(theirs),
    }),
  );
}
