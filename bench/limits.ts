/**
 * A process within the limits that a container has, by the kernel's control groups, version 1 or 2.
 * Source: Linux kernel documentation, "CFS Bandwidth Control", "Memory Resource Controller", "Control Group v2".
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";

export interface Limits {
  /** Bytes. */
  readonly memory: number;
  /** Of one processor. */
  readonly processor: number;
}

export interface Enclosure {
  /** The command, to run inside. */
  enclosed(command: readonly string[]): readonly string[];
  /** Processes that the kernel ended for want of memory. */
  kills(): Promise<number>;
  /** Of what was free to run, how long it had to wait for its share, in seconds. */
  throttled(): Promise<number>;
  /** When nothing runs in it any more. */
  remove(): Promise<void>;
}

const ROOT = "/sys/fs/cgroup";
const PERIOD_MICROSECONDS = 100_000;

/** @returns undefined where this machine does not let us */
export async function createEnclosure(name: string, limits: Limits): Promise<Enclosure | undefined> {
  const make = existsSync(`${ROOT}/cgroup.controllers`) ? inVersion2 : inVersion1;
  try {
    return await make(`piggy-bench-${process.pid}-${name}`, limits);
  } catch {
    return undefined;
  }
}

async function inVersion1(name: string, { memory, processor }: Limits): Promise<Enclosure> {
  const [ofMemory, ofProcessor] = [`${ROOT}/memory/${name}`, `${ROOT}/cpu/${name}`];
  await mkdir(ofMemory);
  await mkdir(ofProcessor);
  await writeFile(`${ofMemory}/memory.limit_in_bytes`, String(memory));
  // What may not be held in memory may not be swapped out either.
  await writeFile(`${ofMemory}/memory.memsw.limit_in_bytes`, String(memory)).catch(() => {});
  await writeFile(`${ofProcessor}/cpu.cfs_period_us`, String(PERIOD_MICROSECONDS));
  await writeFile(`${ofProcessor}/cpu.cfs_quota_us`, String(processor * PERIOD_MICROSECONDS));
  return {
    enclosed: (command) => entering([ofMemory, ofProcessor], command),
    kills: () => numberIn(`${ofMemory}/memory.oom_control`, "oom_kill"),
    throttled: async () => (await numberIn(`${ofProcessor}/cpu.stat`, "throttled_time")) / 1e9,
    async remove() {
      await rmdir(ofMemory);
      await rmdir(ofProcessor);
    },
  };
}

async function inVersion2(name: string, { memory, processor }: Limits): Promise<Enclosure> {
  const folder = `${ROOT}/${name}`;
  await mkdir(folder);
  await writeFile(`${folder}/memory.max`, String(memory));
  await writeFile(`${folder}/memory.swap.max`, "0").catch(() => {});
  await writeFile(`${folder}/cpu.max`, `${processor * PERIOD_MICROSECONDS} ${PERIOD_MICROSECONDS}`);
  return {
    enclosed: (command) => entering([folder], command),
    kills: () => numberIn(`${folder}/memory.events`, "oom_kill"),
    throttled: async () => (await numberIn(`${folder}/cpu.stat`, "throttled_usec")) / 1e6,
    remove: () => rmdir(folder),
  };
}

function entering(folders: readonly string[], command: readonly string[]): readonly string[] {
  const enter = folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(" && ");
  return ["sh", "-c", `${enter} && exec "$@"`, "sh", ...command];
}

/** Of a file with a name and a number on each line. */
async function numberIn(file: string, name: string): Promise<number> {
  const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split(" "));
  return Number(lines.find(([first]) => first === name)?.[1]);
}
