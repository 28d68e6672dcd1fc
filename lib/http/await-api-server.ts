/** The API server's first answer, which a webhook that is to be ready waits for. */
import { messageOf } from "../error.ts";
import type { Log } from "../log.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const ASKING_MS = 5_000;

export interface FirstAnswer {
  /** Asks something that every service account may; rejects without an answer. */
  readonly ask: (signal: AbortSignal) => Promise<unknown>;
  /** Whether there was an answer, to this or to whatever else was asked. */
  readonly isThere: () => boolean;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * Asks with growing pauses until the API server has answered somebody once. At first it only waits: who starts asks
 * for other reasons too.
 */
export async function awaitFirstAnswer({ ask, isThere, signal, log }: FirstAnswer): Promise<void> {
  let hasFailed = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    await Bun.sleep(pause * (0.5 + Math.random() / 2));
    if (isThere() || signal.aborted) break;
    try {
      await ask(AbortSignal.any([signal, AbortSignal.timeout(ASKING_MS)]));
    } catch (error) {
      if (!hasFailed && !signal.aborted)
        log("warn", "not ready: no answer yet", { reason: messageOf(error) });
      hasFailed = true;
    }
  }
  if (hasFailed && isThere()) log("info", "ready: the API server has answered");
}
