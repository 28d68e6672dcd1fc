/**
 * From the creation of a Pod to its application's first instruction, on a real node: with piggy-env by an image volume
 * and by an init container, beside a plain Pod and beside one whose init container copies a Go program of 9 MB.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownArchitecture } from "../scripts/bundle/architecture.ts";
import { runEnclosed } from "../scripts/cluster/enclosed.ts";
import { prepareNode } from "../scripts/cluster/programs.ts";
import { buildContent, IMAGES } from "../scripts/images/images.ts";
import type { BenchOptions } from "./bench-options.ts";
import type { Claim } from "./claim.ts";
import { goProgram, goVersion, requireGo } from "./go-program.ts";
import type { Measurement } from "./interleave.ts";
import { thisMachine } from "./machine.ts";
import { claimsOf } from "./pod-start/claims.ts";
import type { Order } from "./pod-start/order.ts";
import { drawPodStart } from "./pod-start/picture.ts";
import { save } from "./save.ts";
import { formatTable } from "./table.ts";

const ROUNDS = 60;
const COLD_ROUNDS = 5;
const LIMIT_MS = 60 * 60_000;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENCLOSED = fileURLToPath(new URL("pod-start/enclosed.ts", import.meta.url));
const RESULTS = fileURLToPath(new URL("results/pod-start.json", import.meta.url));
const CHART = fileURLToPath(new URL("../docs/bench-pod-start.svg", import.meta.url));

export async function benchPodStart({ rounds = ROUNDS }: BenchOptions): Promise<readonly Claim[]> {
  requireGo();
  process.chdir(ROOT);
  await prepareNode();
  const directory = await mkdtemp(join(tmpdir(), "piggy-bench-"));
  try {
    for (const name of IMAGES) await buildContent(name, ownArchitecture, join(directory, "dist"));
    const measurements = await measureEnclosed({
      peer: await goProgram("peers/go"),
      context: directory,
      rounds,
      coldRounds: COLD_ROUNDS,
      output: join(directory, "measurements.json"),
    });
    console.log(`milliseconds from a Pod's creation to its application's first instruction\n`);
    console.log(format(measurements));
    const machine = thisMachine();
    const claims = claimsOf(measurements);
    const versions = { bun: Bun.version, go: await goVersion() };
    await save(RESULTS, `${JSON.stringify({ ...machine, versions, measurements, claims }, null, 2)}\n`);
    await save(CHART, drawPodStart(measurements, machine));
    return claims;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureEnclosed(order: Order): Promise<readonly Measurement[]> {
  const command = [process.execPath, ENCLOSED, JSON.stringify(order)];
  const { exitCode } = await runEnclosed(command, LIMIT_MS, { PIGGY_IMAGE_CONTEXT: order.context });
  if (exitCode !== 0) throw new Error(`the measurement ended with ${exitCode}`);
  const measurements: readonly Measurement[] = JSON.parse(await readFile(order.output, "utf8"));
  return measurements;
}

function format(measurements: readonly Measurement[]): string {
  return formatTable(
    ["", "median", "25 %", "75 %", "fastest", "Pods"],
    measurements.map(({ name, median, lowerQuartile, upperQuartile, fastest, rounds }) => [
      name,
      ...[median, lowerQuartile, upperQuartile, fastest].map((milliseconds) => milliseconds.toFixed(0)),
      String(rounds),
    ]),
  );
}
