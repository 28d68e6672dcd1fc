/** What a run's sightings come to: the figures that are kept. Pure. */
import { quantile } from "../bench/quantile.ts";
import { type Lives, livesFor } from "./lives.ts";
import type { Happened, Retry, Sightings, Timed, Violation } from "./record.ts";
import { type Steadiness, steadinessOf } from "./steadiness.ts";

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly slowest: number;
}

/** A part of the run's time. */
export interface Bucket {
  /** Seconds from the begin to its middle. */
  readonly at: number;
  readonly pods: number;
  /** Milliseconds; none where there was nothing. */
  readonly startP50: number | null;
  readonly startP99: number | null;
  readonly admissions: number;
  readonly admissionP50: number | null;
  readonly admissionP99: number | null;
  readonly retries: Readonly<Record<Retry["of"], number>>;
}

/** Points of [seconds, what]. */
export type Points = readonly (readonly [number, number])[];

export interface SoakResults {
  readonly seconds: number;
  readonly seed: number;
  readonly lives: Lives;
  readonly happened: readonly Happened[];
  /** Containers of Pods whose programs were judged, and those of them that were killed and started again. */
  readonly judged: number;
  readonly startedAgain: number;
  readonly verified: number;
  readonly starts: Quantiles;
  readonly admissions: Quantiles;
  /** By what was done again, and why. */
  readonly retries: Readonly<Record<Retry["of"], Readonly<Record<string, number>>>>;
  /** Lines of the replicas' logs, by what they say. */
  readonly said: Readonly<Record<string, number>>;
  readonly processes: number;
  readonly steadiness: readonly Steadiness[];
  /** Bytes. */
  readonly mostMemory: number;
  readonly buckets: readonly Bucket[];
  /** By replica, bytes. */
  readonly memory: Readonly<Record<string, Points>>;
  /** By replica, seconds. */
  readonly certificates: Readonly<Record<string, Points>>;
  readonly violations: readonly Violation[];
}

const BUCKETS = 60;
/** More points than a picture is wide show nothing more. */
const MOST_POINTS = 1_200;

export function reportOf(seen: Sightings, seconds: number, seed: number): SoakResults {
  return {
    seconds,
    seed,
    lives: livesFor(seconds),
    happened: seen.happened.toSorted((one, other) => one.at - other.at).map(roundedHappened),
    judged: seen.judged,
    startedAgain: seen.startedAgain,
    verified: seen.verified,
    starts: quantilesOf(seen.pods),
    admissions: quantilesOf(seen.admissions),
    retries: {
      create: reasonsOf(seen.retries, "create"),
      container: reasonsOf(seen.retries, "container"),
      admission: reasonsOf(seen.retries, "admission"),
    },
    said: Object.fromEntries(seen.said),
    processes: new Set(seen.held.map(({ replica }) => replica)).size,
    steadiness: steadinessOf(seen.held),
    mostMemory: Math.max(0, ...seen.held.map(({ memory }) => memory)),
    buckets: bucketsOf(seen, seconds),
    memory: pointsBy(seen.held.map((each) => ({ ...each, value: each.memory }))),
    certificates: pointsBy(seen.served.map((each) => ({ ...each, value: each.left }))),
    violations: seen.violations,
  };
}

function quantilesOf(timed: readonly Timed[]): Quantiles {
  const all = timed.map(({ ms }) => ms);
  const of = (share: number) => Math.round(quantile(all, share));
  return { count: all.length, p50: of(0.5), p90: of(0.9), p99: of(0.99), slowest: of(1) };
}

function reasonsOf(retries: readonly Retry[], of: Retry["of"]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { why } of retries.filter((each) => each.of === of)) counts[why] = (counts[why] ?? 0) + 1;
  return counts;
}

function bucketsOf(seen: Sightings, seconds: number): readonly Bucket[] {
  const length = seconds / BUCKETS;
  return Array.from({ length: BUCKETS }, (_, index) => {
    const isIn = ({ at }: { readonly at: number }) =>
      Math.min(BUCKETS - 1, Math.floor(at / length)) === index;
    const pods = seen.pods.filter(isIn);
    const admissions = seen.admissions.filter(isIn);
    const retries = seen.retries.filter(isIn);
    const count = (of: Retry["of"]) => retries.filter((each) => each.of === of).length;
    return {
      at: (index + 0.5) * length,
      pods: pods.length,
      startP50: quantileOf(pods, 0.5),
      startP99: quantileOf(pods, 0.99),
      admissions: admissions.length,
      admissionP50: quantileOf(admissions, 0.5),
      admissionP99: quantileOf(admissions, 0.99),
      retries: { create: count("create"), container: count("container"), admission: count("admission") },
    };
  });
}

function quantileOf(timed: readonly Timed[], share: number): number | null {
  if (timed.length === 0) return null;
  return Math.round(
    quantile(
      timed.map(({ ms }) => ms),
      share,
    ),
  );
}

interface Sample {
  readonly at: number;
  readonly replica: string;
  readonly value: number;
}

function pointsBy(samples: readonly Sample[]): Readonly<Record<string, Points>> {
  const replicas = [...new Set(samples.map(({ replica }) => replica))];
  const most = Math.ceil(samples.length / Math.max(1, MOST_POINTS));
  return Object.fromEntries(
    replicas.map((replica) => {
      const own = samples.filter((each) => each.replica === replica);
      const kept = own.filter((_, index) => index % most === 0 || index === own.length - 1);
      return [replica, kept.map(({ at, value }) => [tenth(at), Math.round(value)] as const)];
    }),
  );
}

const tenth = (value: number) => Math.round(value * 10) / 10;
const roundedHappened = ({ at, until, name }: Happened): Happened => ({
  at: tenth(at),
  ...(until === undefined ? {} : { until: tenth(until) }),
  name,
});
