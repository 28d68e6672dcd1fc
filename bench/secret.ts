/**
 * POST /secret over TLS. First as it comes: rollouts, each container on a connection of its own, to two replicas. Then
 * over kept-alive connections: piggy-webhooks, with its cache and without, beside a program in Go that makes the same
 * checks; each request is another Pod's, and all ask the API server for TokenReview and Pod each time.
 *
 * Servers have one processor; the client and the backend have the other.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BenchOptions, GLANCE } from "./bench-options.ts";
import type { Claim } from "./claim.ts";
import { thisMachine } from "./machine.ts";
import { requirePlaces } from "./places.ts";
import { save } from "./save.ts";
import { claimsOf, type Findings } from "./secret/claims.ts";
import { type Lasting, measureLasting } from "./secret/lasting.ts";
import { type Measurement, measure } from "./secret/measure.ts";
import { OURS, PEER, UNCACHED } from "./secret/names.ts";
import { drawSecret } from "./secret/picture.ts";
import { versions } from "./secret/programs.ts";
import { createStage, type Stage } from "./secret/stage.ts";
import { DOWN, measureLimited, measureSoak, measureStorm, THROTTLED } from "./secret/storms.ts";
import { formatLasting, formatMeasurements, formatStorms } from "./secret/tables.ts";
import { verifyAnswers } from "./secret/verify.ts";

const ROUNDS = 7;
const RESULTS = fileURLToPath(new URL("results/secret.json", import.meta.url));
const CHART = fileURLToPath(new URL("../docs/bench-secret.svg", import.meta.url));

export async function benchSecret({ rounds = ROUNDS, minutes }: BenchOptions): Promise<readonly Claim[]> {
  requirePlaces();
  const findings = await onStage((stage) => measureAll(stage, rounds, minutes));
  const claims = claimsOf(findings);
  const machine = thisMachine();
  const report = { ...machine, versions: await versions(), ...findings, claims };
  await save(RESULTS, `${JSON.stringify(report, withoutSamples, 2)}\n`);
  await save(CHART, drawSecret(findings.measurements, machine));
  return claims;
}

/**
 * Whether all give the same secrets, the client gets its answers, and a rollout of a few containers comes up.
 * @throws Error that says what differs
 */
export async function compareSecret(): Promise<void> {
  await onStage(async (stage) => {
    const { ours, uncached, peer } = await startServers(stage);
    await measure({ ...stage, servers: [ours, uncached, peer], ...GLANCE });
    const { failures } = await measureStorm(stage, { name: "a glance", containers: 40, seconds: 2 });
    if (Object.keys(failures).length > 0)
      throw new Error(`containers did not get their secrets: ${JSON.stringify(failures)}`);
  });
}

async function onStage<T>(use: (stage: Stage) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-bench-"));
  let stage: Stage | undefined;
  try {
    stage = await createStage(directory);
    return await use(stage);
  } finally {
    await stage?.end();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What was seen every second is summed up in the claims. */
function withoutSamples(key: string, value: unknown): unknown {
  return key === "memories" ? undefined : value;
}

async function measureAll(stage: Stage, rounds: number, minutes: number | undefined): Promise<Findings> {
  const throttled = await measureStorm(stage, THROTTLED);
  const down = await measureStorm(stage, DOWN);
  const limited = await measureLimited(stage);
  const soak = minutes === undefined ? undefined : await measureSoak(stage, minutes);
  console.log(formatStorms([throttled, down, ...(limited ? [limited] : []), ...(soak ? [soak] : [])]));
  if (limited === undefined) console.log("nothing ran within limits: this machine lets nobody set them");
  const { measurements, lasting } = await measureThroughput(stage, rounds);
  console.log(`\n${formatMeasurements(measurements)}\n\n${formatLasting(lasting)}`);
  return { measurements, lasting, throttled, down, limited, soak };
}

async function measureThroughput(stage: Stage, rounds: number) {
  const { ours, uncached, peer } = await startServers(stage);
  const servers = [ours, uncached, peer];
  const measurements: readonly Measurement[] = await measure({ ...stage, servers, rounds });
  const lasting: Lasting[] = [];
  for (const server of [ours, peer]) lasting.push(await measureLasting(server, stage.shot));
  await Promise.all(servers.map((server) => server.stop()));
  return { measurements, lasting };
}

/** Those that are held against each other, seen to be right. */
async function startServers(stage: Stage) {
  const { programs, backend, start } = stage;
  const ours = await start(OURS, [programs.ours]);
  const uncached = await start(UNCACHED, [programs.ours], { PIGGY_CACHE_TTL: "0" });
  const peer = await start(PEER, [programs.peer]);
  await backend.behave({ delay: 0, throttleOneIn: 0, isDown: false });
  await verifyAnswers([ours, uncached, peer], stage);
  return { ours, uncached, peer };
}
