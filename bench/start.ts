/** A process from its start to its end, timed by a program that does nothing else: programs/run.c. */
import type { Case, Sample } from "./interleave.ts";

/** What a container is started with: exactly this environment. */
export interface Start {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws Error when the process fails, with what it printed */
export async function timed(runner: string, { argv, environment }: Start): Promise<Sample> {
  const child = Bun.spawn([runner, ...argv], {
    cwd: "/",
    env: { ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const [nanoseconds, kibibytes, exitCode] = output.split(" ").map(Number);
  if (nanoseconds === undefined || kibibytes === undefined || exitCode !== 0) {
    throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${errors}`);
  }
  return { milliseconds: nanoseconds / 1e6, peakMemory: kibibytes * 1024 };
}

export function startCase(name: string, runner: string, start: Start): Case {
  return { name, once: () => timed(runner, start) };
}
