/** What the replicas hold of memory and descriptors, looked at all the while. */
import { startStream } from "../test/cluster/stream.ts";
import type { Recorder } from "./record.ts";
import { findReplicas } from "./replicas.ts";

const EVERY_MS = 2_000;

/** @returns what ends it */
export function watchHeld({ seen, at, violated }: Recorder): () => Promise<readonly string[]> {
  return startStream(async () => {
    for (const { pod, pid, anonymous, descriptors, kills } of await findReplicas()) {
      const replica = `${pod}/${pid}`;
      seen.held.push({ at: at(), replica, memory: anonymous, descriptors });
      if (kills > 0) violated("memory", replica, `${kills} processes ended for want of it`);
    }
  }, EVERY_MS).stop;
}
