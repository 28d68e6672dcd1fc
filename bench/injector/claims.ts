/** What we say of an injector's speed, in ratios of medians from one run on one machine. */
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
  const medianOf = (wanted: Name) => measurements.find(({ name }) => name === wanted)?.median;
  const ratio = (ours: number | undefined, theirs: number | undefined) =>
    ours === undefined || theirs === undefined ? undefined : ours / theirs;
  const [launcher = Number.NaN, target = Number.NaN] = [medianOf(NAMES.launcher), medianOf(NAMES.target)];
  return [
    ...RATIOS.map(
      ({ ours, theirs, atMost }): Claim => ({
        what: `${ours} / ${theirs}`,
        atMost,
        unit: "times",
        measured: ratio(medianOf(ours), medianOf(theirs)),
      }),
    ),
    { what: "the launcher's own share", atMost: LAUNCHER_MS, unit: "ms", measured: launcher - target },
  ];
}
