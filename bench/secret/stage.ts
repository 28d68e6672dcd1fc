/** All that the measurements share: the programs, what is around them, the Pods that ask and the backend that answers. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Process, type Server, startServer } from "../server.ts";
import type { Shot } from "../shoot.ts";
import type { Backend } from "./backend.ts";
import { type Caller, createCallers, formatRequests } from "./caller.ts";
import { type AdmittedPod, admit } from "./pod.ts";
import { buildPrograms, type Programs } from "./programs.ts";
import { createSurroundings } from "./surroundings.ts";

export const PODS = 5_000;
export const SECRETS = 200;

export interface Stage {
  readonly directory: string;
  readonly programs: Programs;
  /** PEM. */
  readonly ca: string;
  readonly pod: AdmittedPod;
  readonly callers: readonly Caller[];
  readonly backend: Backend;
  readonly shot: Omit<Shot, "server" | "connections" | "seconds">;
  /** Starts a server, to be ended with the stage if it is not before. */
  start(
    name: string,
    command: readonly string[],
    environment?: Readonly<Record<string, string>>,
  ): Promise<Server>;
  end(): Promise<void>;
}

export async function createStage(directory: string): Promise<Stage> {
  const programs = await buildPrograms(directory);
  const { ca, caFile, environment, startBackend } = await createSurroundings(directory);
  const started: Process[] = [];
  const start: Stage["start"] = async (name, command, own = {}) => {
    const server = await startServer({
      name,
      command,
      environment: { ...environment, ...own },
      ca,
      directory,
    });
    started.push(server);
    return server;
  };
  const end = async () => void (await Promise.all(started.map((each) => each.stop())));
  try {
    const admitting = await start("admitting", [programs.ours]);
    const pod = await admit(admitting, ca);
    await admitting.stop();
    const backend = await startBackend(programs.backend, pod.json, SECRETS);
    started.push(backend);
    const callers = createCallers(PODS, SECRETS);
    const requestsFile = join(directory, "requests.jsonl");
    await writeFile(requestsFile, formatRequests(callers, pod));
    const request = ["-path", "/secret", "-requests", requestsFile];
    const shot = { program: programs.load, caFile, request };
    return { directory, programs, ca, pod, callers, backend, shot, start, end };
  } catch (error) {
    await end();
    throw error;
  }
}
