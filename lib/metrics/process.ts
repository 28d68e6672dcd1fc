/**
 * What the process itself uses, under the names that Prometheus' own clients give it.
 * Source: Prometheus documentation, "Writing client libraries", Process metrics; proc(5).
 */
import { readdirSync, readFileSync } from "node:fs";
import type { Family } from "./exposition.ts";

const MICROSECONDS = 1e6;
const MILLISECONDS = 1e3;

/** Read when somebody asks. What the system does not say is left out. */
export const processFamilies: readonly Family[] = [
  family("process_cpu_seconds_total", "counter", "CPU time used, of user and system, in seconds.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / MICROSECONDS;
  }),
  family("process_resident_memory_bytes", "gauge", "Resident memory in bytes.", () =>
    process.memoryUsage.rss(),
  ),
  // The folder itself is open while it is read.
  family(
    "process_open_fds",
    "gauge",
    "Open file descriptors.",
    () => readdirSync("/proc/self/fd").length - 1,
  ),
  family("process_max_fds", "gauge", "File descriptors that may be open.", () => {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  }),
  family(
    "process_start_time_seconds",
    "gauge",
    "When the process started, in seconds since 1970.",
    () => performance.timeOrigin / MILLISECONDS,
  ),
];

function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  read: () => number | undefined,
): Family {
  return {
    name,
    help,
    type,
    samples() {
      const value = readIfThere(read);
      return value === undefined ? [] : [{ labels: [], value }];
    },
  };
}

/** A system that has no /proc has no such numbers. */
function readIfThere(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
