/** The rounds: every Pod, at every number of connections, to every server in turns. */
import { medianOf, type Sample, sample } from "../sample.ts";
import type { Server } from "../server.ts";
import { shuffled } from "../shuffle.ts";
import type { Scenario } from "./review.ts";

export const CONNECTIONS = [1, 16] as const;

/** Of each shot. The first is not counted: it is long enough for compilers and collectors to settle. */
const SECONDS = 2;

/** Medians of all rounds. */
export interface Measurement extends Sample {
  readonly scenario: string;
  readonly connections: number;
  readonly server: string;
  readonly rounds: number;
}

export interface Course {
  readonly servers: readonly Server[];
  readonly scenarios: readonly (Scenario & { readonly bodyFile: string })[];
  readonly client: string;
  readonly caFile: string;
  readonly rounds: number;
  readonly seconds?: number;
}

export async function measure(course: Course): Promise<readonly Measurement[]> {
  const { rounds, seconds = SECONDS } = course;
  const cases = course.scenarios.flatMap((scenario) =>
    CONNECTIONS.flatMap((connections) =>
      course.servers.map((server) => ({ scenario, connections, server, samples: [] as Sample[] })),
    ),
  );
  const shot = ({ scenario, connections, server }: (typeof cases)[number]) =>
    sample({
      program: course.client,
      server,
      caFile: course.caFile,
      request: [
        ...["-path", "/mutate?timeout=10s", "-body", scenario.bodyFile],
        ...["-expect", '"allowed":true'],
      ],
      connections,
      seconds,
    });
  for (const each of cases) await shot(each);
  for (let round = 0; round < rounds; round += 1) {
    for (const each of shuffled(cases)) each.samples.push(await shot(each));
  }
  return cases.map(({ scenario, connections, server, samples }) => ({
    scenario: scenario.name,
    connections,
    server: server.name,
    rounds: samples.length,
    ...medianOf(samples),
  }));
}
