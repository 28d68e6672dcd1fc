/** The rounds: every server, at every number of connections, in turns. */
import { quantile } from "../quantile.ts";
import { medianOf, type Sample, sample } from "../sample.ts";
import type { Server } from "../server.ts";
import type { Shot } from "../shoot.ts";
import { shuffled } from "../shuffle.ts";
import type { Backend } from "./backend.ts";

export const CONNECTIONS = [1, 16] as const;

/**
 * Of each shot. The first is not counted: it is long enough for compilers and collectors to settle, and for every
 * secret to be read.
 */
const SECONDS = 2;

/** What a server does and asks, in medians of all rounds. */
export interface Measurement extends SecretSample {
  readonly server: string;
  readonly connections: number;
  readonly rounds: number;
}

interface SecretSample extends Sample {
  /** Of one processor, which the client has too: at 1 the two together are what is measured. */
  readonly backendShare: number;
  /** Calls a request: TokenReviews and Pods, and those of AWS. */
  readonly apiCalls: number;
  readonly awsCalls: number;
}

export interface Course {
  readonly servers: readonly Server[];
  readonly backend: Backend;
  readonly shot: Omit<Shot, "server" | "connections" | "seconds">;
  readonly rounds: number;
  readonly seconds?: number;
}

export async function measure(course: Course): Promise<readonly Measurement[]> {
  const { servers, backend, shot, rounds, seconds = SECONDS } = course;
  const cases = servers.flatMap((server) =>
    CONNECTIONS.map((connections) => ({ server, connections, samples: [] as SecretSample[] })),
  );
  const run = ({ server, connections }: (typeof cases)[number]) =>
    secretSample({ ...shot, server, connections, seconds }, backend);
  for (const each of cases) await run(each);
  for (let round = 0; round < rounds; round += 1) {
    for (const each of shuffled(cases)) each.samples.push(await run(each));
  }
  return cases.map(({ server, connections, samples }) => {
    const median = (field: "backendShare" | "apiCalls" | "awsCalls") =>
      quantile(
        samples.map((each) => each[field]),
        0.5,
      );
    return {
      server: server.name,
      connections,
      rounds: samples.length,
      ...medianOf(samples),
      backendShare: median("backendShare"),
      apiCalls: median("apiCalls"),
      awsCalls: median("awsCalls"),
    };
  });
}

async function secretSample(shot: Shot, backend: Backend): Promise<SecretSample> {
  const [cpuBefore, before] = await Promise.all([backend.cpuTime(), backend.counts()]);
  const taken = await sample(shot);
  const [cpuAfter, after] = await Promise.all([backend.cpuTime(), backend.counts()]);
  const apiCalls = after.tokenReviews + after.podReads - before.tokenReviews - before.podReads;
  return {
    ...taken,
    backendShare: (cpuAfter - cpuBefore) / 1e6 / (taken.requests / taken.requestsPerSecond),
    apiCalls: apiCalls / taken.requests,
    awsCalls: (after.calls - before.calls) / taken.requests,
  };
}
