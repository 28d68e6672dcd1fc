/** What we say of an injector's speed. */
import type { Claim } from "../claim.ts";
import type { Measurement } from "../interleave.ts";
import { type Ratio, ratioClaims } from "../ratio.ts";
import { NAMES } from "./names.ts";

type Name = (typeof NAMES)[keyof typeof NAMES];

const RATIOS: readonly Ratio[] = [
  { ours: NAMES.proxy, theirs: NAMES.proxyGo, atMost: 1.3 },
  { ours: NAMES.keys, theirs: NAMES.keysGo, atMost: 0.45 },
  { ours: NAMES.role, theirs: NAMES.roleGo, atMost: 0.5 },
  { ours: NAMES.farProxy, theirs: NAMES.farProxyGo, atMost: 0.8 },
  // vals asks AWS itself whatever the mode: it is held to its own faster one.
  { ours: NAMES.proxy, theirs: NAMES.keysVals, atMost: 0.3 },
  { ours: NAMES.keys, theirs: NAMES.keysVals, atMost: 0.3 },
  { ours: NAMES.role, theirs: NAMES.roleVals, atMost: 0.3 },
];

const LAUNCHER_MS = 0.4;

export function claimsOf(measurements: readonly Measurement[]): readonly Claim[] {
  const medianOf = (wanted: Name) => measurements.find(({ name }) => name === wanted)?.median ?? Number.NaN;
  const measured = medianOf(NAMES.launcher) - medianOf(NAMES.target);
  return [
    ...ratioClaims(RATIOS, measurements),
    { what: "the launcher's own share", atMost: LAUNCHER_MS, unit: "ms", measured },
  ];
}
