/**
 * POST /secret over kept-alive TLS: piggy-webhooks, with its cache and without, beside a program in Go that makes the
 * same checks. Each request is another Pod's. Both ask the API server for TokenReview and Pod for each, and both ask
 * the same backend, which answers at once.
 *
 * Each server has one processor; the client and the backend have the other.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Claim } from "./claim.ts";
import { requirePlaces } from "./places.ts";
import { createCallers, formatRequests } from "./secret/caller.ts";
import { type Measurement, measure } from "./secret/measure.ts";
import { OURS, PEER, UNCACHED } from "./secret/names.ts";
import { admit } from "./secret/pod.ts";
import { buildPrograms } from "./secret/programs.ts";
import { createSurroundings } from "./secret/surroundings.ts";
import { type Process, type Server, startServer } from "./server.ts";
import { formatTable } from "./table.ts";

const ROUNDS = 7;
const PODS = 1_000;
const SECRETS = 200;

export async function benchSecret(rounds = ROUNDS): Promise<readonly Claim[]> {
  requirePlaces();
  const directory = await mkdtemp(join(tmpdir(), "piggy-bench-"));
  const started: Process[] = [];
  try {
    const programs = await buildPrograms(directory);
    const { ca, caFile, environment, startBackend } = await createSurroundings(directory);
    const serverOf = async (name: string, program: string, own: Readonly<Record<string, string>> = {}) => {
      const start = { name, command: [program], environment: { ...environment, ...own }, ca, directory };
      const server = await startServer(start);
      started.push(server);
      return server;
    };
    const admitting = await serverOf("admitting", programs.ours);
    const pod = await admit(admitting, ca);
    await admitting.stop();
    const backend = await startBackend(programs.backend, pod.json, SECRETS);
    started.push(backend);
    const requestsFile = join(directory, "requests.jsonl");
    await writeFile(requestsFile, formatRequests(createCallers(PODS, SECRETS), pod));
    const shot = {
      program: programs.load,
      caFile,
      request: ["-path", "/secret", "-requests", requestsFile],
    };
    const servers: Server[] = [
      await serverOf(OURS, programs.ours),
      await serverOf(UNCACHED, programs.ours, { PIGGY_CACHE_TTL: "0" }),
      await serverOf(PEER, programs.peer),
    ];
    const measurements = await measure({ servers, backend, shot, rounds });
    console.log(format(measurements));
    return [];
  } finally {
    await Promise.all(started.map((each) => each.stop()));
    await rm(directory, { recursive: true, force: true });
  }
}

function format(measurements: readonly Measurement[]): string {
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  return formatTable(
    [
      "",
      "at once",
      "requests/s",
      "p50 ms",
      "p99 ms",
      "CPU µs",
      "MiB",
      "client CPU",
      "backend CPU",
      "API",
      "AWS",
    ],
    measurements.map((each) => [
      each.server,
      String(each.connections),
      each.requestsPerSecond.toFixed(0),
      each.p50Milliseconds.toFixed(2),
      each.p99Milliseconds.toFixed(2),
      each.cpuMicroseconds.toFixed(1),
      (each.memory / 2 ** 20).toFixed(0),
      percent(each.clientShare),
      percent(each.backendShare),
      each.apiCalls.toFixed(2),
      each.awsCalls.toFixed(2),
    ]),
  );
}
