/** What we say of the secrets service, from one run on one machine. */
import type { Claim } from "../claim.ts";
import { growthOf } from "../growth.ts";
import type { Lasting } from "./lasting.ts";
import type { Measurement } from "./measure.ts";
import { OURS, PEER, UNCACHED } from "./names.ts";
import { SECRETS } from "./stage.ts";
import type { StormResult } from "./storm.ts";
import { type LimitedResult, REPLICAS, SECONDS } from "./storms.ts";

const BUSY = 16;

/** All that was measured; undefined is what was not. */
export interface Findings {
  readonly measurements: readonly Measurement[];
  readonly lasting: readonly Lasting[];
  readonly throttled: StormResult;
  readonly down: StormResult;
  readonly limited: LimitedResult | undefined;
  readonly soak: StormResult | undefined;
}

export function claimsOf(findings: Findings): readonly Claim[] {
  const { measurements, lasting, throttled, down, limited, soak } = findings;
  return [
    throughput(measurements, OURS, 2.5),
    throughput(measurements, UNCACHED, 1),
    ...lasting.filter(({ server }) => server === OURS).flatMap(lastingClaims),
    ...[throttled, down].flatMap(stormClaims),
    lost("128 MiB and 200m", limited),
    { what: "128 MiB and 200m: killed", atMost: 0, unit: "processes", measured: limited?.kills },
    lost("soak", soak),
    { what: "soak: memory, late / early", atMost: 1.1, unit: "times", measured: soak && growth(soak) },
  ];
}

function throughput(measurements: readonly Measurement[], ours: string, atLeast: number): Claim {
  const of = (server: string) =>
    measurements.find((each) => each.connections === BUSY && each.server === server)?.requestsPerSecond;
  const measured = (of(ours) ?? Number.NaN) / (of(PEER) ?? Number.NaN);
  return { what: `throughput, ${ours} / ${PEER}`, atLeast, unit: "times", measured };
}

function lastingClaims(held: Lasting): readonly Claim[] {
  return [
    {
      what: `memory after ${held.requests} requests / after half of them`,
      atMost: 1.1,
      unit: "times",
      measured: held.memory / held.memoryHalfway,
    },
    {
      what: `descriptors opened in the second half of ${held.requests} requests`,
      atMost: 0,
      unit: "descriptors",
      measured: held.descriptors - held.descriptorsHalfway,
    },
  ];
}

/** The default of PIGGY_CACHE_TTL. */
const TTL_SECONDS = 30;

function stormClaims(result: StormResult): readonly Claim[] {
  return [
    lost(result.storm, result),
    {
      what: `${result.storm}: AWS calls that were not throttled`,
      atMost: SECRETS * REPLICAS * Math.ceil(SECONDS / TTL_SECONDS),
      unit: "calls",
      measured: result.awsCalls,
    },
  ];
}

function lost(storm: string, result: StormResult | undefined): Claim {
  return {
    what: `${storm}: containers without their secrets`,
    atMost: 0,
    unit: "containers",
    measured: result?.failed,
  };
}

/** Of the replica that grows most. */
export function growth({ memories }: StormResult): number {
  return Math.max(...memories.map(growthOf));
}
