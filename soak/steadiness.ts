/** Whether what a replica holds stays. Pure. */
import { growthOf } from "../bench/growth.ts";
import { totalOf } from "./descriptors.ts";
import type { Held, Violation } from "./record.ts";

/** In less time there may be no full collection, and memory only rises. */
const LONG_ENOUGH_S = 20 * 60;
/** As bench/secret has it. */
const MOST_GROWTH = 1.1;

export interface Steadiness {
  readonly replica: string;
  readonly seconds: number;
  /** What stays in the second half of its life, to what stayed in the second quarter. */
  readonly memory: number;
  readonly descriptors: number;
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
    const descriptors = own.map((each) => totalOf(each.descriptors));
    const eighths = { memory: leastOfEighths(memory), descriptors: eighthsByKind(own) };
    return [{ replica, seconds, memory: growthOf(memory), descriptors: growthOf(descriptors), eighths }];
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

export function unsteady(all: readonly Steadiness[]): readonly Omit<Violation, "at">[] {
  return all.flatMap(({ replica, ...grown }) =>
    (["memory", "descriptors"] as const)
      // What is no number is a fault of the run, and no success.
      .filter((kind) => !(grown[kind] <= MOST_GROWTH))
      .map((kind) => ({ kind, who: replica, what: `${grown[kind].toFixed(2)} times what it was` })),
  );
}
