/** The rounds: every Pod, at every number of connections, to every server in turns. */
import { medianOf, type Sample, sample } from "../sample.ts";
import type { Server } from "../server.ts";
import { shuffled } from "../shuffle.ts";
import type { Scenario } from "./review.ts";

export const CONNECTIONS = [1, 16] as const;

/** Of each shot. */
const SECONDS = 2;
/** Enough for compilers and collectors to settle. */
const WARM_UP_SECONDS = 4;

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
}

export async function measure(course: Course): Promise<readonly Measurement[]> {
  const cases = course.scenarios.flatMap((scenario) =>
    CONNECTIONS.flatMap((connections) =>
      course.servers.map((server) => ({ scenario, connections, server, samples: [] as Sample[] })),
    ),
  );
  const shot = ({ scenario, connections, server }: (typeof cases)[number], seconds: number) =>
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
