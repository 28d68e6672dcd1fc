/**
 * `npm run soak [-- --minutes N] [--seed N]`: the chart's two replicas on a real node under a constant stream of Pods,
 * while replicas are killed, certificates renewed, AWS throttles, the API server restarts and clocks jump. Leaves its
 * figures in bench/results/soak.json, which docs/soak.md is generated from; exits with 1 when something that must hold
 * did not.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { thisMachine } from "../bench/machine.ts";
import { save } from "../bench/save.ts";
import { ownArchitecture } from "../scripts/bundle/architecture.ts";
import { run as runProgram } from "../scripts/bundle/cache.ts";
import { runEnclosed } from "../scripts/cluster/enclosed.ts";
import { prepareNode } from "../scripts/cluster/programs.ts";
import { buildContent, IMAGES } from "../scripts/images/images.ts";
import type { Order } from "./order.ts";
import type { SoakResults } from "./report.ts";

const MINUTES = 60;
/** Before the run and after it: a node to start, images to build, Pods to come to their end. */
const BESIDES_MS = 20 * 60_000;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENCLOSED = fileURLToPath(new URL("enclosed.ts", import.meta.url));
const RESULTS = fileURLToPath(new URL("../bench/results/soak.json", import.meta.url));

const COUNT = /^[1-9]\d{0,5}$/;

function readArguments(): Pick<Order, "seconds" | "seed"> | undefined {
  try {
    const options = { minutes: { type: "string" }, seed: { type: "string" } } as const;
    const { minutes = String(MINUTES), seed = String(1 + (Date.now() % 100_000)) } = parseArgs({
      options,
    }).values;
    if (![minutes, seed].every((each) => COUNT.test(each))) return undefined;
    return { seconds: Number(minutes) * 60, seed: Number(seed) };
  } catch {
    return undefined;
  }
}

/** Undefined when it was ended by a signal, as by Ctrl-C. */
async function run({ seconds, seed }: Pick<Order, "seconds" | "seed">): Promise<SoakResults | undefined> {
  await prepareNode();
  const context = await mkdtemp(join(tmpdir(), "piggy-context-"));
  try {
    for (const name of IMAGES) await buildContent(name, ownArchitecture, join(context, "dist"));
    const order: Order = { seconds, seed, output: join(context, "results.json") };
    const command = [process.execPath, ENCLOSED, JSON.stringify(order)];
    const limitMs = seconds * 1000 + BESIDES_MS;
    const variables = { PIGGY_IMAGE_CONTEXT: context };
    const { exitCode, isInterrupted } = await runEnclosed(command, limitMs, variables);
    if (isInterrupted) return undefined;
    if (exitCode !== 0) throw new Error(`the run ended with ${exitCode}`);
    return JSON.parse(await readFile(order.output, "utf8"));
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

const given = readArguments();
if (given === undefined) {
  console.error("usage: npm run soak -- [--minutes N] [--seed N]");
  process.exit(2);
}
process.chdir(ROOT);
console.log(`piggy: ${given.seconds / 60} minutes, --seed ${given.seed}`);
const results = await run(given);
if (results === undefined) {
  console.error("piggy: ended before its time, so there is nothing to say");
  process.exit(130);
}
await save(RESULTS, JSON.stringify({ ...thisMachine(), ...results }));
await runProgram([join(ROOT, "node_modules/.bin/biome"), "format", "--write", RESULTS], ROOT);
const { violations } = results;
console.log(`\n${violations.length === 0 ? "everything held" : `${violations.length} violations`}`);
process.exit(violations.length === 0 ? 0 : 1);
