/** Looks at the cluster now and then. */
import { messageOf } from "../../error.ts";
import type { Log } from "../../log.ts";
import { pause } from "../../pause.ts";
import { createImageVolumeMemory, type ImageVolumes } from "./image-volume-memory.ts";
import { type Cluster, judgeCluster } from "./image-volumes.ts";

const LONGEST_PAUSE_MS = 60_000;
const SHORTEST_PAUSE_MS = 1_000;
const LOOKS_UNTIL_SETTLED = 10;
/** For a look at all nodes. */
const LOOK_MS = 30_000;

export interface Watch {
  readonly cluster: Cluster;
  readonly settleMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface ImageVolumeWatch {
  /** What it saw last. */
  readonly current: () => ImageVolumes;
  /** Looks at the cluster now and then, about once a minute, until the signal. */
  readonly begin: () => void;
}

export function createImageVolumeWatch({ cluster, settleMs, signal, log }: Watch): ImageVolumeWatch {
  const memory = createImageVolumeMemory(settleMs, () => performance.now());
  const look = async () => {
    try {
      const verdict = await judgeCluster(cluster, AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]));
      if (memory.observe(verdict)) log("info", "image volumes", { ...verdict });
    } catch (error) {
      if (!signal.aborted) log("warn", "cannot see whether nodes mount images", { error: messageOf(error) });
    }
  };
  return { current: memory.current, begin: () => void repeat(look, pauseFor(settleMs), signal) };
}

function pauseFor(settleMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, settleMs / LOOKS_UNTIL_SETTLED));
}

/** With pauses a tenth shorter or longer, so that replicas do not ask as one. */
async function repeat(work: () => Promise<void>, pauseMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await work();
    await pause(pauseMs * (0.9 + Math.random() / 5), signal);
  }
}
