/**
 * A rollout: thousands of containers that start within a minute and ask two replicas, while AWS takes its time and
 * throttles. What counts is what a container sees: whether it got its secrets within the injector's patience.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../scripts/bundle/cache.ts";
import { placed } from "../places.ts";
import type { Server } from "../server.ts";
import type { Backend, Conduct } from "./backend.ts";
import type { Caller } from "./caller.ts";
import type { Outcome, Plan } from "./containers.ts";
import type { AdmittedPod } from "./pod.ts";

export const THROTTLING: Conduct = { delay: 30, throttleOneIn: 3, isDown: false };

export interface Storm {
  readonly name: string;
  readonly containers: number;
  readonly seconds: number;
  /** When AWS goes down and when it is back, in seconds from the start. */
  readonly outage?: { readonly from: number; readonly to: number };
}

export interface Weather {
  readonly replicas: readonly Server[];
  readonly backend: Backend;
  readonly callers: readonly Caller[];
  readonly pod: AdmittedPod;
  readonly ca: string;
  readonly directory: string;
}

export interface StormResult extends Outcome {
  readonly storm: string;
  readonly replicas: number;
  readonly failed: number;
  /** Calls of AWS that it answered, those apart that it throttled. */
  readonly awsCalls: number;
  readonly awsThrottled: number;
  /** Bytes, of the replica that holds most. */
  readonly memoryBefore: number;
  readonly memoryAfter: number;
  /** Microseconds of the replicas' processor time a container. */
  readonly cpuMicroseconds: number;
  /** Bytes of each replica, every second. */
  readonly memories: readonly (readonly number[])[];
}

const CONTAINERS = fileURLToPath(new URL("containers.ts", import.meta.url));
const SAMPLE_MS = 1_000;

export async function runStorm(storm: Storm, weather: Weather): Promise<StormResult> {
  const { replicas, backend } = weather;
  await backend.behave(THROTTLING);
  const [before, cpuBefore, memoryBefore] = await Promise.all([
    backend.counts(),
    cpuTimeOf(replicas),
    memoriesOf(replicas),
  ]);
  const timers = outageTimers(storm, backend);
  const memories: number[][] = [];
  const sampling = setInterval(async () => memories.push(await memoriesOf(replicas)), SAMPLE_MS);
  const outcome = await containersOf(storm, weather).finally(() => {
    clearInterval(sampling);
    for (const timer of timers) clearTimeout(timer);
  });
  const [after, cpuAfter, memoryAfter] = await Promise.all([
    backend.counts(),
    cpuTimeOf(replicas),
    memoriesOf(replicas),
  ]);
  return {
    storm: storm.name,
    replicas: replicas.length,
    ...outcome,
    failed: Object.values(outcome.failures).reduce((sum, count) => sum + count, 0),
    awsCalls: after.calls - after.throttled - (before.calls - before.throttled),
    awsThrottled: after.throttled - before.throttled,
    memoryBefore: Math.max(...memoryBefore),
    memoryAfter: Math.max(...memoryAfter),
    cpuMicroseconds: (cpuAfter - cpuBefore) / storm.containers,
    memories: replicas.map((_, index) => memories.map((sample) => sample[index] ?? Number.NaN)),
  };
}

function outageTimers({ outage }: Storm, backend: Backend): readonly NodeJS.Timeout[] {
  if (outage === undefined) return [];
  const behaveAt = (seconds: number, conduct: Conduct) =>
    setTimeout(() => void backend.behave(conduct), seconds * 1000);
  return [behaveAt(outage.from, { ...THROTTLING, isDown: true }), behaveAt(outage.to, THROTTLING)];
}

async function containersOf(
  storm: Storm,
  { replicas, callers, pod, ca, directory }: Weather,
): Promise<Outcome> {
  const plan: Plan = {
    callers,
    containers: storm.containers,
    seconds: storm.seconds,
    addresses: replicas.map(({ address }) => address),
    ca,
    uid: pod.uid,
    argv: pod.argv,
    directory: join(directory, `tokens-${storm.name.replaceAll(/\W/g, "-")}`),
  };
  const planFile = `${plan.directory}.json`;
  await writeFile(planFile, JSON.stringify(plan));
  const output = await run(placed("client", [process.execPath, CONTAINERS, planFile]));
  const outcome: Outcome = JSON.parse(output);
  return outcome;
}

function memoriesOf(servers: readonly Server[]): Promise<number[]> {
  return Promise.all(servers.map((server) => server.memory()));
}

async function cpuTimeOf(servers: readonly Server[]): Promise<number> {
  const times = await Promise.all(servers.map((server) => server.cpuTime()));
  return times.reduce((sum, time) => sum + time, 0);
}
