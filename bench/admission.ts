/**
 * POST /mutate over kept-alive TLS: piggy-webhooks, beside a webhook in Go that is written as such webhooks commonly
 * are and makes the very same Pod. Each request is another Pod, so that nobody can answer from memory.
 *
 * Each server has one processor and the client the other. That is the kinder figure for us where throughput is meant:
 * the Go program could use two, and piggy-webhooks runs its JavaScript on one. Processor time a request is the same
 * wherever it is spent.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startWorld, type World } from "../test/support/world.ts";
import { claimsOf } from "./admission/claims.ts";
import { type Course, type Measurement, measure } from "./admission/measure.ts";
import { OURS, PEER } from "./admission/names.ts";
import { drawAdmission } from "./admission/picture.ts";
import { buildPrograms, versions } from "./admission/programs.ts";
import { reviewOf, SCENARIOS } from "./admission/review.ts";
import { verifyAnswers } from "./admission/verify.ts";
import { type BenchOptions, GLANCE } from "./bench-options.ts";
import type { Claim } from "./claim.ts";
import { type Column, laidOut, OF_LOAD } from "./columns.ts";
import { thisMachine } from "./machine.ts";
import { requirePlaces } from "./places.ts";
import { save } from "./save.ts";
import { type Server, startServer } from "./server.ts";
import { formatTable } from "./table.ts";

const ROUNDS = 7;
const RESULTS = fileURLToPath(new URL("results/admission.json", import.meta.url));
const CHART = fileURLToPath(new URL("../docs/bench-admission.svg", import.meta.url));

export async function benchAdmission({ rounds = ROUNDS }: BenchOptions): Promise<readonly Claim[]> {
  requirePlaces();
  const measurements = await withServers((course) => measure({ ...course, rounds }));
  console.log(format(measurements));
  const claims = claimsOf(measurements);
  const machine = thisMachine();
  const report = { ...machine, versions: await versions(), measurements, claims };
  await save(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
  await save(CHART, drawAdmission(measurements, machine));
  return claims;
}

/** Whether both make the same Pods, and the client gets its answers. @throws Error that says what differs */
export async function compareAdmission(): Promise<void> {
  await withServers((course) => measure({ ...course, ...GLANCE }));
}

/** Starts both, and has seen that they are right before anything is done with them. */
async function withServers<T>(use: (course: Omit<Course, "rounds">) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-bench-"));
  try {
    const programs = await buildPrograms(directory);
    const world = await startWorld();
    const servers: Server[] = [];
    try {
      for (const [name, program] of [
        [OURS, programs.ours],
        [PEER, programs.peer],
      ] as const) {
        const { environment, authority } = world;
        const start = { name, command: [program], environment, ca: authority.pem, directory };
        servers.push(await startServer(start));
      }
      const caFile = join(directory, "ca.crt");
      await writeFile(caFile, world.authority.pem);
      const image = pushImage(world);
      const scenarios = await Promise.all(
        SCENARIOS.map(async (scenario, index) => {
          const review = reviewOf(scenario, image);
          await verifyAnswers(servers, scenario, review, world.authority.pem);
          const bodyFile = join(directory, `review-${index}.json`);
          await writeFile(bodyFile, review);
          return { ...scenario, bodyFile };
        }),
      );
      return await use({ servers, scenarios, client: programs.load, caFile });
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await world.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function pushImage({ registry }: World): string {
  registry.pushImage("shop/checkout", "4.18.2", { Entrypoint: ["/app/checkout"], Cmd: ["serve"] });
  return `${registry.host}/shop/checkout:4.18.2`;
}

function format(measurements: readonly Measurement[]): string {
  const columns: readonly Column<Measurement>[] = [
    ["", ({ scenario, server }) => `${scenario}, ${server}`],
    ...OF_LOAD,
    ["client CPU", ({ clientShare }) => `${(clientShare * 100).toFixed(0)} %`],
  ];
  return formatTable(...laidOut(columns, measurements));
}
