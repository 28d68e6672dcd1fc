/** The client: see ../load. */
import { run } from "../../scripts/bundle/cache.ts";
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
  readonly bodyFile: string;
  readonly connections: number;
  readonly seconds: number;
}

/** @throws Error when a single request is not allowed */
export async function shoot({
  program,
  server,
  caFile,
  bodyFile,
  connections,
  seconds,
}: Shot): Promise<Load> {
  const output = await run(
    placed("client", [
      program,
      ...["-address", server.address, "-server", "127.0.0.1", "-ca", caFile],
      ...["-path", "/mutate?timeout=10s", "-body", bodyFile],
      ...["-connections", String(connections), "-seconds", String(seconds)],
    ]),
  );
  const load: Load = JSON.parse(output);
  return load;
}
