/** What goes wrong again at each look, and is to be said once. */
import { messageOf } from "../error.ts";
import type { Log } from "../log.ts";

export interface Complaint {
  /** Says it, unless it was said last for the same reason. */
  readonly make: (error: unknown) => void;
  /** All is well again: the next one is said whatever it is. */
  readonly withdraw: () => void;
}

export function createComplaint(log: Log, message: string): Complaint {
  let said: string | undefined;
  return {
    make(error) {
      const reason = messageOf(error);
      if (reason !== said) log("error", message, { reason });
      said = reason;
    },
    withdraw() {
      said = undefined;
    },
  };
}
