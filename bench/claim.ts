/** What we say of a measurement, and whether it was so. */

type Bound = { readonly atMost: number } | { readonly atLeast: number };

export type Claim = Bound & {
  readonly what: string;
  readonly unit: "times" | "ms" | "calls" | "containers" | "descriptors" | "processes";
  /** Undefined when this machine could not measure it. */
  readonly measured: number | undefined;
};

/** One that could not be measured is said to be so, and is not missed. */
export function isMissed(claim: Claim): boolean {
  const { measured } = claim;
  if (measured === undefined) return false;
  // Not a number is a fault of the bench, and no success.
  return "atMost" in claim ? !(measured <= claim.atMost) : !(measured >= claim.atLeast);
}

export function formatClaim(claim: Claim): string {
  const { what, unit, measured } = claim;
  const bound = "atMost" in claim ? `at most ${claim.atMost}` : `at least ${claim.atLeast}`;
  if (measured === undefined) return `skipped  ${what}: not measured, ${bound} ${unit}`;
  const verdict = isMissed(claim) ? "MISSED " : "ok     ";
  return `${verdict}  ${what}: ${measured.toFixed(2)} ${unit}, ${bound}`;
}
