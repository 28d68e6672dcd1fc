/** What we say of a time beside another's, in ratios of medians from one run on one machine. */
import type { Claim } from "./claim.ts";
import type { Measurement } from "./interleave.ts";

export interface Ratio {
  readonly ours: string;
  readonly theirs: string;
  readonly atMost: number;
}

/** What was not measured on both sides has no ratio. */
export function ratioClaims(
  ratios: readonly Ratio[],
  measurements: readonly Measurement[],
): readonly Claim[] {
  const medianOf = (wanted: string) => measurements.find(({ name }) => name === wanted)?.median;
  return ratios.map(({ ours, theirs, atMost }): Claim => {
    const [one, other] = [medianOf(ours), medianOf(theirs)];
    const measured = one === undefined || other === undefined ? undefined : one / other;
    return { what: `${ours} / ${theirs}`, atMost, unit: "times", measured };
  });
}
