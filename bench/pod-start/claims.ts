/** What we say of a Pod's start, its images on the node already. */
import type { Claim } from "../claim.ts";
import type { Measurement } from "../interleave.ts";
import { ratioClaims } from "../ratio.ts";
import { NAMES } from "./names.ts";

const RATIOS = [
  { ours: NAMES.image, theirs: NAMES.plain, atMost: 1.05 },
  { ours: NAMES.init, theirs: NAMES.peer, atMost: 1.25 },
] as const;

export function claimsOf(measurements: readonly Measurement[]): readonly Claim[] {
  return ratioClaims(RATIOS, measurements);
}
