/** What may heal by itself is asked for again. Source: AWS SDKs and Tools Reference Guide, "Retry behavior", "standard". */
import { setTimeout as sleep } from "node:timers/promises";
import { PiggyError } from "../error.ts";
import type { Store } from "./store.ts";

const MOST_TRIES = 3;
const PAUSE_MS = { aws_unavailable: 100, aws_throttled: 500 } as const;

/** The store, of which each read is tried three times at most, and not when its time is over. */
export function withThreeTries({ readStore, readEntry }: Store): Store {
  return {
    readStore: (location, signal) => tryAgain(() => readStore(location, signal), signal),
    readEntry: (location, signal) => tryAgain(() => readEntry(location, signal), signal),
  };
}

async function tryAgain<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await read();
    } catch (error) {
      if (tried === MOST_TRIES || signal.aborted) throw error;
      const pause = pauseAfter(error) * 2 ** (tried - 1);
      if (pause === 0) throw error;
      await sleep(pause * Math.random(), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

function pauseAfter(error: unknown): number {
  if (!(error instanceof PiggyError)) return 0;
  return error.code === "aws_unavailable" || error.code === "aws_throttled" ? PAUSE_MS[error.code] : 0;
}
