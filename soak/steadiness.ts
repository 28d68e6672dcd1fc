/** Whether what a replica holds stays. Pure. */
import { growthOf } from "../bench/growth.ts";
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
}

/** Of those that lived long enough. */
export function steadinessOf(held: readonly Held[]): readonly Steadiness[] {
  const replicas = [...new Set(held.map(({ replica }) => replica))];
  return replicas.flatMap((replica) => {
    const own = held.filter((each) => each.replica === replica);
    const seconds = (own.at(-1)?.at ?? 0) - (own[0]?.at ?? 0);
    if (seconds < LONG_ENOUGH_S) return [];
    const growth = (of: "memory" | "descriptors") => growthOf(own.map((each) => each[of]));
    return [{ replica, seconds, memory: growth("memory"), descriptors: growth("descriptors") }];
  });
}

export function unsteady(all: readonly Steadiness[]): readonly Omit<Violation, "at">[] {
  return all.flatMap(({ replica, ...grown }) =>
    (["memory", "descriptors"] as const)
      // What is no number is a fault of the run, and no success.
      .filter((kind) => !(grown[kind] <= MOST_GROWTH))
      .map((kind) => ({ kind, who: replica, what: `${grown[kind].toFixed(2)} times what it was` })),
  );
}
