/** The client that loads a server over kept-alive TLS: see load. */
import { run } from "../scripts/bundle/cache.ts";
import { placed } from "./places.ts";
import type { Server } from "./server.ts";

export interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  /** Of the client. */
  readonly cpuSeconds: number;
}

export interface Shot {
  /** Path of the client. */
  readonly program: string;
  readonly server: Server;
  readonly caFile: string;
  /** Those of the client's arguments that say what is sent. */
  readonly request: readonly string[];
  readonly connections: number;
  readonly seconds: number;
}

/** @throws Error when a single answer is not what it should be */
export async function shoot({ program, server, caFile, request, connections, seconds }: Shot): Promise<Load> {
  const output = await run(
    placed("client", [
      program,
      ...["-address", server.address, "-server", "127.0.0.1", "-ca", caFile],
      ...request,
      ...["-connections", String(connections), "-seconds", String(seconds)],
    ]),
  );
  const load: Load = JSON.parse(output);
  return load;
}
