/** The processes of piggy-webhooks on the node, as the machine has them. */
import { readFile } from "node:fs/promises";
import { type ContainerMemory, memoryOf } from "../test/cluster/container-memory.ts";
import { type Descriptors, descriptorsOf } from "./descriptors.ts";

export interface Replica extends ContainerMemory {
  /** Its Pod's. */
  readonly pod: string;
  readonly podUid: string;
  readonly descriptors: Descriptors;
  /** In ticks since the machine was started. */
  readonly startedAt: number;
}

const PROGRAM = "/piggy-webhooks";

/** Those that run now, the elder first. */
export async function findReplicas(): Promise<readonly Replica[]> {
  const found = await memoryOf(PROGRAM).catch(() => []);
  const replicas = await Promise.all(found.map((each) => describe(each).catch(() => undefined)));
  return replicas
    .filter((each) => each !== undefined)
    .sort((one, other) => one.startedAt - other.startedAt || one.pid - other.pid);
}

/** @throws Error when it has ended meanwhile. Source: proc(5) */
async function describe(memory: ContainerMemory): Promise<Replica> {
  const of = (name: string) => `/proc/${memory.pid}/${name}`;
  const [environment, mounts, stat, descriptors] = await Promise.all([
    readFile(of("environ"), "utf8"),
    readFile(of("mountinfo"), "utf8"),
    readFile(of("stat"), "utf8"),
    descriptorsOf(memory.pid),
  ]);
  const pod = environment.split("\0").find((each) => each.startsWith("HOSTNAME="));
  const podUid = /\/pods\/([0-9a-f-]{36})\//.exec(mounts)?.[1];
  if (pod === undefined || podUid === undefined) throw new Error(`${memory.pid} is in no Pod`);
  // Behind the name, which is in brackets and may hold anything, the twentieth.
  const startedAt = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  return {
    ...memory,
    pod: pod.slice("HOSTNAME=".length),
    podUid,
    descriptors,
    startedAt,
  };
}
