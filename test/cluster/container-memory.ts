/** What the containers of piggy-webhooks have of memory, by the kernel. Source: Linux kernel documentation, "Memory Resource Controller", "Control Group v2". */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const MIB = 2 ** 20;

export interface ContainerMemory {
  /** Of its program. */
  readonly pid: number;
  /** Bytes that it may have; files that it has mapped count too, as far as there is room. */
  readonly limit: number;
  /** Processes that were ended for want of it. */
  readonly kills: number;
  /** Bytes that no file holds, which cannot be given back. */
  readonly anonymous: number;
}

/** Of each container that runs this program now. */
export async function memoryOf(program: string): Promise<readonly ContainerMemory[]> {
  const found: ContainerMemory[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const cmdline = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (cmdline === `${program}\0`) found.push({ pid: Number(name), ...(await readGroup(name)) });
  }
  return found;
}

export const inMebibytes = (bytes: number) => Math.round(bytes / MIB);

async function readGroup(pid: string): Promise<Omit<ContainerMemory, "pid">> {
  const groups = (await readFile(`/proc/${pid}/cgroup`, "utf8")).split("\n").map((line) => line.split(":"));
  const pathIn = (controllers: string) => groups.find(([, each]) => each === controllers)?.[2] ?? "";
  const version1 = join("/sys/fs/cgroup/memory", pathIn("memory"));
  if (existsSync(join(version1, "memory.limit_in_bytes"))) {
    return {
      limit: Number(await readFile(join(version1, "memory.limit_in_bytes"), "utf8")),
      kills: await numberIn(join(version1, "memory.oom_control"), "oom_kill"),
      anonymous: await numberIn(join(version1, "memory.stat"), "rss"),
    };
  }
  const version2 = join("/sys/fs/cgroup", pathIn(""));
  return {
    limit: Number(await readFile(join(version2, "memory.max"), "utf8")),
    kills: await numberIn(join(version2, "memory.events"), "oom_kill"),
    anonymous: await numberIn(join(version2, "memory.stat"), "anon"),
  };
}

/** Of a file with a name and a number on each line. */
async function numberIn(file: string, name: string): Promise<number> {
  const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.split(" "));
  return Number(lines.find(([first]) => first === name)?.[1]);
}
