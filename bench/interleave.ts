/** Measurements that are taken in turns, so that what disturbs the machine disturbs all of them alike. */
import { quantile } from "./quantile.ts";
import { shuffled } from "./shuffle.ts";

export interface Sample {
  readonly milliseconds: number;
  /** The most memory that was held, in bytes; undefined for what is no process. */
  readonly peakMemory: number | undefined;
}

export interface Case {
  readonly name: string;
  readonly once: () => Promise<Sample>;
}

export interface Measurement {
  readonly name: string;
  readonly rounds: number;
  /** Milliseconds, like the next four. */
  readonly median: number;
  readonly fastest: number;
  /** A quarter are no slower, and three quarters are no slower than the next. */
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  /** Nine of ten are no slower. */
  readonly ninetieth: number;
  /** The median of the samples', in bytes. */
  readonly peakMemory: number | undefined;
}

/** Enough for page cache, servers and their compilers to settle. */
const WARM_UP_ROUNDS = 5;

/** Runs every case some times to warm it, then `rounds` times, each round in an order of its own. */
export async function interleave(
  cases: readonly Case[],
  rounds: number,
  warmUpRounds = WARM_UP_ROUNDS,
): Promise<readonly Measurement[]> {
  const taken = new Map<string, Sample[]>(cases.map(({ name }) => [name, []]));
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    // What one leaves behind in the processor's caches must not fall to the same one every time.
    for (const { name, once } of shuffled(cases)) {
      const sample = await once().catch((error: unknown) => {
        throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
      });
      if (round >= 0) taken.get(name)?.push(sample);
    }
  }
  return [...taken].map(([name, samples]) => measurementOf(name, samples));
}

function measurementOf(name: string, samples: readonly Sample[]): Measurement {
  const times = samples.map(({ milliseconds }) => milliseconds);
  const memories = samples.flatMap(({ peakMemory }) => peakMemory ?? []);
  return {
    name,
    rounds: samples.length,
    median: quantile(times, 0.5),
    fastest: quantile(times, 0),
    lowerQuartile: quantile(times, 0.25),
    upperQuartile: quantile(times, 0.75),
    ninetieth: quantile(times, 0.9),
    peakMemory: memories.length === 0 ? undefined : quantile(memories, 0.5),
  };
}
