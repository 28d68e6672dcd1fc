/** What a server holds after many requests, and after as many again. */
import type { Server } from "../server.ts";
import { type Shot, shoot } from "../shoot.ts";

export const REQUESTS = 100_000;

/** What it held after half of the requests, and at their end. */
export interface Lasting {
  readonly server: string;
  readonly requests: number;
  /** Bytes. */
  readonly memoryHalfway: number;
  readonly memory: number;
  readonly descriptorsHalfway: number;
  readonly descriptors: number;
}

const SECONDS = 2;
const CONNECTIONS = 16;

export async function measureLasting(
  server: Server,
  shot: Omit<Shot, "server" | "connections" | "seconds">,
): Promise<Lasting> {
  const shootUntil = async (total: number) => {
    let requests = 0;
    while (requests < total) {
      requests += (await shoot({ ...shot, server, connections: CONNECTIONS, seconds: SECONDS })).requests;
    }
    return { requests, memory: await server.memory(), descriptors: await server.descriptors() };
  };
  const halfway = await shootUntil(REQUESTS / 2);
  const end = await shootUntil(REQUESTS / 2);
  return {
    server: server.name,
    requests: halfway.requests + end.requests,
    memoryHalfway: halfway.memory,
    memory: end.memory,
    descriptorsHalfway: halfway.descriptors,
    descriptors: end.descriptors,
  };
}
