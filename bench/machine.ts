/** What a figure is worth nothing without. */
import { cpus, release } from "node:os";

export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly processors: number;
  readonly kernel: string;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    date: new Date().toISOString(),
    processor: all[0]?.model ?? "unknown",
    processors: all.length,
    kernel: release(),
  };
}
