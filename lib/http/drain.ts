/** The end of a server's life, without a request lost. */
import type { Log } from "../log.ts";
import type { Listener } from "./listener.ts";

/** How long the Service's endpoints may still lead here after we have said that we are going. */
const LAME_DUCK_MS = 5_000;
/** How long a request may take that is under way by then. */
const LAST_REQUESTS_MS = 15_000;

export interface Drain {
  readonly isDraining: () => boolean;
  /** Serves on for a while, then stops; resolves when the last request is answered. A second call changes nothing. */
  readonly begin: (listener: Listener) => Promise<void>;
}

export function createDrain(log: Log): Drain {
  let begun: Promise<void> | undefined;
  const drain = async (listener: Listener) => {
    log("info", "draining", { seconds: LAME_DUCK_MS / 1000 });
    await Bun.sleep(LAME_DUCK_MS);
    await Promise.race([listener.stop(), Bun.sleep(LAST_REQUESTS_MS)]);
    log("info", "stopped");
  };
  return {
    isDraining: () => begun !== undefined,
    begin(listener) {
      begun ??= drain(listener);
      return begun;
    },
  };
}
