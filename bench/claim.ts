/** What we say of a measurement, and whether it was so. */

export interface Claim {
  readonly what: string;
  readonly atMost: number;
  readonly unit: "times" | "ms";
  /** Undefined when this machine could not measure it. */
  readonly measured: number | undefined;
}

/** One that could not be measured is said to be so, and is not missed. */
export function isMissed({ measured, atMost }: Claim): boolean {
  // Not a number is a fault of the bench, and no success.
  return measured !== undefined && !(measured <= atMost);
}

export function formatClaim(claim: Claim): string {
  const { what, atMost, unit, measured } = claim;
  if (measured === undefined) return `skipped  ${what}: not measured, at most ${atMost} ${unit}`;
  const verdict = isMissed(claim) ? "MISSED " : "ok     ";
  return `${verdict}  ${what}: ${measured.toFixed(2)} ${unit}, at most ${atMost}`;
}
