/** Whether what a replica holds stays. Pure. */
import { growthOf } from "../bench/growth.ts";
import { keptOf, ownOf } from "./descriptors.ts";
import type { Held, Violation } from "./record.ts";

/** In less time there may be no full collection, and memory only rises. */
const LONG_ENOUGH_S = 20 * 60;
/** As bench/secret has it. */
const MOST_GROWTH = 1.1;
/**
 * At a soak's pace full collections are ten and more minutes apart, and memory comes to where it stays in some four
 * hours. What is compared of a shorter life is where a few of them happened to fall.
 */
const LONG_ENOUGH_FOR_GROWTH_S = 4 * 60 * 60;
/** Half of what the chart gives it, in bytes. */
const MOST_MEMORY = 64 * 2 ** 20;
/** The API server and AWS are asked at most a few questions at once, and have none to four and one or two. */
const MOST_KEPT = 8;

export interface Steadiness {
  readonly replica: string;
  readonly seconds: number;
  /** What stays in the second half of its life, to what stayed in the second quarter. */
  readonly memory: number;
  /** Likewise, but for connections to others. */
  readonly descriptors: number;
  /** Connections to others: the least of the second half of its life. */
  readonly kept: number;
  /** The least of each eighth of its life: bytes, and descriptors by what they are for. */
  readonly eighths: {
    readonly memory: readonly number[];
    readonly descriptors: Readonly<Record<string, readonly number[]>>;
  };
}

const EIGHTHS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** Of those that lived long enough. */
export function steadinessOf(held: readonly Held[]): readonly Steadiness[] {
  const replicas = [...new Set(held.map(({ replica }) => replica))];
  return replicas.flatMap((replica) => {
    const own = held.filter((each) => each.replica === replica);
    const seconds = (own.at(-1)?.at ?? 0) - (own[0]?.at ?? 0);
    if (seconds < LONG_ENOUGH_S) return [];
    const memory = own.map((each) => each.memory);
    const descriptors = own.map((each) => ownOf(each.descriptors));
    const kept = Math.min(...own.slice(Math.floor(own.length / 2)).map((each) => keptOf(each.descriptors)));
    const eighths = { memory: leastOfEighths(memory), descriptors: eighthsByKind(own) };
    return [
      { replica, seconds, memory: growthOf(memory), descriptors: growthOf(descriptors), kept, eighths },
    ];
  });
}

function leastOfEighths(samples: readonly number[]): readonly number[] {
  const begin = (eighth: number) => Math.floor((samples.length * eighth) / EIGHTHS.length);
  return EIGHTHS.map((eighth) => Math.min(...samples.slice(begin(eighth), begin(eighth + 1))));
}

function eighthsByKind(own: readonly Held[]): Steadiness["eighths"]["descriptors"] {
  const kinds = [...new Set(own.flatMap(({ descriptors }) => Object.keys(descriptors)))].sort();
  const samplesOf = (kind: string) => own.map(({ descriptors }) => descriptors[kind] ?? 0);
  return Object.fromEntries(kinds.map((kind) => [kind, leastOfEighths(samplesOf(kind))]));
}

/** One for each that held more than it should at some time, however long it lived. */
export function overfull(held: readonly Held[]): readonly Omit<Violation, "at">[] {
  const most = new Map<string, number>();
  for (const { replica, memory } of held) most.set(replica, Math.max(memory, most.get(replica) ?? 0));
  return [...most]
    .filter(([, memory]) => !(memory <= MOST_MEMORY))
    .map(([who, memory]) => ({ kind: "memory", who, what: `${(memory / 2 ** 20).toFixed(0)} MiB` }));
}

/** One for each that held more and more. What is no number is a fault of the run, and no success. */
export function unsteady(all: readonly Steadiness[]): readonly Omit<Violation, "at">[] {
  return all.flatMap(({ replica: who, seconds, kept, ...grown }) => [
    ...(["memory", "descriptors"] as const)
      .filter((kind) => kind === "descriptors" || seconds >= LONG_ENOUGH_FOR_GROWTH_S)
      .filter((kind) => !(grown[kind] <= MOST_GROWTH))
      .map((kind) => ({ kind, who, what: `${grown[kind].toFixed(2)} times what it was` })),
    ...(kept <= MOST_KEPT ? [] : [{ kind: "connections" as const, who, what: `keeps ${kept} at the least` }]),
  ]);
}
