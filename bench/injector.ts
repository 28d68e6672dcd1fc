/**
 * From the start of a container's process to the end of its program: piggy-env, beside a program of Go that does the
 * same and beside vals. Everything that is started and everything that answers is on this machine.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BenchOptions, GLANCE } from "./bench-options.ts";
import type { Claim } from "./claim.ts";
import { claimsOf } from "./injector/claims.ts";
import { measureFar } from "./injector/far.ts";
import { measureNear } from "./injector/near.ts";
import { drawInjector } from "./injector/picture.ts";
import { buildPrograms, buildVals, fileSizes, versions } from "./injector/programs.ts";
import type { Measurement } from "./interleave.ts";
import { thisMachine } from "./machine.ts";
import { save } from "./save.ts";
import { formatTable } from "./table.ts";

const ROUNDS = 60;
const RESULTS = fileURLToPath(new URL("results/injector.json", import.meta.url));
const CHART = fileURLToPath(new URL("../docs/bench-injector.svg", import.meta.url));

export async function benchInjector({ rounds = ROUNDS }: BenchOptions): Promise<readonly Claim[]> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-bench-"));
  try {
    const [programs, vals] = [await buildPrograms(directory), await buildVals()];
    console.log(`milliseconds and MiB of a whole process, ${rounds} of each in turns\n`);
    const near = await measureNear({ programs, directory, rounds }, vals);
    console.log(format(near));
    const far = await measureFar({ programs, directory, rounds });
    const isSkipped = "skipped" in far;
    console.log(isSkipped ? `\nthe far round was skipped: ${far.skipped}` : `\n${format(far.measurements)}`);

    const measurements = [...near, ...(isSkipped ? [] : far.measurements)];
    const sizes = await fileSizes(programs, vals);
    console.log(
      `\n${Object.entries(sizes)
        .map(([name, size]) => `${name} ${megabytes(size)} MB`)
        .join(", ")}`,
    );
    const machine = thisMachine();
    const claims = claimsOf(measurements);
    const report = {
      ...machine,
      versions: await versions(),
      measurements,
      ...(isSkipped ? { farRoundSkipped: far.skipped } : {}),
      fileSizes: sizes,
      claims,
    };
    await save(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
    await save(CHART, drawInjector(measurements, machine));
    return claims;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * Whether piggy-env and the Go program start the target with its secret, in every way that is measured. Without vals,
 * which takes longer to build than all the rest. @throws Error that says what failed
 */
export async function compareInjector(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-bench-"));
  try {
    const order = { programs: await buildPrograms(directory), directory, rounds: GLANCE.rounds };
    await measureNear(order);
    const far = await measureFar(order);
    if ("skipped" in far) console.log(`the far round was skipped: ${far.skipped}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function format(measurements: readonly Measurement[]): string {
  const base = measurements[0]?.median ?? Number.NaN;
  return formatTable(
    ["", "median", "fastest", "90 %", "ratio", "MiB"],
    measurements.map(({ name, median, fastest, ninetieth, peakMemory }) => [
      name,
      median.toFixed(2),
      fastest.toFixed(2),
      ninetieth.toFixed(2),
      (median / base).toFixed(1),
      peakMemory === undefined ? "" : (peakMemory / 2 ** 20).toFixed(1),
    ]),
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
