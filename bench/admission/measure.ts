/** The rounds: every Pod, at every number of connections, to every server in turns. */
import { quantile } from "../quantile.ts";
import { shuffled } from "../shuffle.ts";
import { type Load, shoot } from "./load.ts";
import type { Scenario } from "./review.ts";
import type { Server } from "./server.ts";

export const CONNECTIONS = [1, 16] as const;

/** Of each shot. */
const SECONDS = 2;
/** Enough for compilers and collectors to settle. */
const WARM_UP_SECONDS = 4;

/** Medians of all rounds. */
export interface Measurement {
  readonly scenario: string;
  readonly connections: number;
  readonly server: string;
  readonly rounds: number;
  readonly requestsPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  /** Microseconds of the server's processor time a request. */
  readonly cpuMicroseconds: number;
  /** Bytes, right after. */
  readonly memory: number;
  /** The client's, likewise. */
  readonly clientCpuMicroseconds: number;
  /** Of one processor: at 1 the client is what is measured. */
  readonly clientShare: number;
}

type Sample = Omit<Measurement, "scenario" | "connections" | "server" | "rounds">;

export interface Course {
  readonly servers: readonly Server[];
  readonly scenarios: readonly (Scenario & { readonly bodyFile: string })[];
  readonly client: string;
  readonly caFile: string;
  readonly rounds: number;
}

export async function measure(course: Course): Promise<readonly Measurement[]> {
  const cases = course.scenarios.flatMap((scenario) =>
    CONNECTIONS.flatMap((connections) =>
      course.servers.map((server) => ({ scenario, connections, server, samples: [] as Sample[] })),
    ),
  );
  const shot = ({ scenario, connections, server }: (typeof cases)[number], seconds: number) =>
    sampleOf(server, () =>
      shoot({
        program: course.client,
        server,
        caFile: course.caFile,
        bodyFile: scenario.bodyFile,
        connections,
        seconds,
      }),
    );
  for (const each of cases) await shot(each, WARM_UP_SECONDS / CONNECTIONS.length);
  for (let round = 0; round < course.rounds; round += 1) {
    for (const each of shuffled(cases)) each.samples.push(await shot(each, SECONDS));
  }
  return cases.map(({ scenario, connections, server, samples }) => ({
    scenario: scenario.name,
    connections,
    server: server.name,
    rounds: samples.length,
    ...medianOf(samples),
  }));
}

async function sampleOf(server: Server, run: () => Promise<Load>): Promise<Sample> {
  const before = await server.cpuTime();
  const { requests, seconds, p50Milliseconds, p99Milliseconds, cpuSeconds } = await run();
  const cpu = (await server.cpuTime()) - before;
  return {
    requestsPerSecond: requests / seconds,
    p50Milliseconds,
    p99Milliseconds,
    cpuMicroseconds: cpu / requests,
    memory: await server.memory(),
    clientCpuMicroseconds: (cpuSeconds * 1e6) / requests,
    clientShare: cpuSeconds / seconds,
  };
}

function medianOf(samples: readonly Sample[]): Sample {
  const median = (field: keyof Sample) =>
    quantile(
      samples.map((sample) => sample[field]),
      0.5,
    );
  return {
    requestsPerSecond: median("requestsPerSecond"),
    p50Milliseconds: median("p50Milliseconds"),
    p99Milliseconds: median("p99Milliseconds"),
    cpuMicroseconds: median("cpuMicroseconds"),
    memory: median("memory"),
    clientCpuMicroseconds: median("clientCpuMicroseconds"),
    clientShare: median("clientShare"),
  };
}
