/** The rollouts: AWS throttling, AWS gone for a while, and both replicas within a container's limits; and a long one. */
import { createEnclosure, type Enclosure } from "../limits.ts";
import type { Server } from "../server.ts";
import type { Stage } from "./stage.ts";
import { PODS } from "./stage.ts";
import { runStorm, type Storm, type StormResult } from "./storm.ts";

export const SECONDS = 60;
export const REPLICAS = 2;

const ROLLOUT = { containers: PODS, seconds: SECONDS };
export const THROTTLED: Storm = { ...ROLLOUT, name: "AWS throttles" };
export const DOWN: Storm = { ...ROLLOUT, name: "AWS is down for 20 s", outage: { from: 20, to: 40 } };
export const LIMITED: Storm = { ...ROLLOUT, name: "128 MiB and 200m" };

/** The chart's of memory, and a fifth of a processor. */
const LIMITS = { memory: 128 * 2 ** 20, processor: 0.2 };

/** Containers a second while it lasts. */
const SOAK_RATE = 50;

export interface LimitedResult extends StormResult {
  readonly kills: number;
  /** How long the replicas together waited for their share of the processor. */
  readonly throttledSeconds: number;
}

export function measureStorm(stage: Stage, storm: Storm): Promise<StormResult> {
  return withReplicas(stage, storm.name, [], (replicas) => runStorm(storm, { ...stage, replicas }));
}

/** @returns undefined where this machine lets nobody limit a process */
export async function measureLimited(stage: Stage): Promise<LimitedResult | undefined> {
  const enclosures: Enclosure[] = [];
  try {
    for (let index = 0; index < REPLICAS; index += 1) {
      const enclosure = await createEnclosure(String(index), LIMITS);
      if (enclosure === undefined) return undefined;
      enclosures.push(enclosure);
    }
    return await withReplicas(stage, LIMITED.name, enclosures, async (replicas) => {
      const result = await runStorm(LIMITED, { ...stage, replicas });
      const sum = async (count: (each: Enclosure) => Promise<number>) =>
        (await Promise.all(enclosures.map(count))).reduce((total, each) => total + each, 0);
      return {
        ...result,
        kills: await sum((each) => each.kills()),
        throttledSeconds: await sum((each) => each.throttled()),
      };
    });
  } finally {
    await Promise.all(enclosures.map((each) => each.remove()));
  }
}

export function measureSoak(stage: Stage, minutes: number): Promise<StormResult> {
  const seconds = minutes * 60;
  return measureStorm(stage, { name: `soak, ${minutes} min`, containers: seconds * SOAK_RATE, seconds });
}

async function withReplicas<T>(
  { start, programs }: Stage,
  name: string,
  enclosures: readonly Enclosure[],
  use: (replicas: readonly Server[]) => Promise<T>,
): Promise<T> {
  const replicas: Server[] = [];
  try {
    for (let index = 0; index < REPLICAS; index += 1) {
      const command = [programs.ours];
      const within = enclosures[index]?.enclosed(command) ?? command;
      replicas.push(await start(`${name} ${index}`, within));
    }
    return await use(replicas);
  } finally {
    await Promise.all(replicas.map((each) => each.stop()));
  }
}
