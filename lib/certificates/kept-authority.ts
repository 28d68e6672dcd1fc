/** The CA as it is kept in its Secret: made where there is none, followed by another in time, and put back where it went. */
import type { JsonObject } from "../json.ts";
import type { Log } from "../log.ts";
import * as authority from "./authority.ts";
import { createComplaint } from "./complaint.ts";

/** Each rejects where the API server does not say, or refuses. */
export interface AuthoritySecret {
  readonly readSecret: (signal: AbortSignal) => Promise<StoredSecret | undefined>;
  /** `taken`: somebody was there first, or changed it since it was read. */
  readonly writeSecret: (
    data: authority.StoredAuthority,
    /** What was read; undefined where nothing was there. */
    read: StoredSecret | undefined,
    signal: AbortSignal,
  ) => Promise<"written" | "taken">;
}

export interface StoredSecret {
  readonly data: authority.StoredAuthority;
  /** As the API server has it: what a change of it begins with. */
  readonly object: JsonObject;
}

export interface AuthorityOptions {
  readonly authorityLifetimeMs: number;
  /** Milliseconds since 1970, by the clock of those who verify. */
  readonly now: () => number;
  readonly log: Log;
}

export interface KeptAuthority {
  /**
   * Mends what is kept, and gives the CA to go by. Rejects where none is good now.
   * @param served the CA that the certificate is by, undefined before the first. One that was given, and by which none
   *   could be made, does not take its place
   */
  readonly look: (
    served: authority.Authority | undefined,
    signal: AbortSignal,
  ) => Promise<authority.Authority>;
}

/** Tries at a Secret that others write at the same time. */
const MOST_TRIES = 5;

export function createKeptAuthority(secret: AuthoritySecret, options: AuthorityOptions): KeptAuthority {
  const { authorityLifetimeMs, now, log } = options;
  /** The last that was in the Secret. */
  let read: authority.Authority | undefined;

  const settle = async (
    served: authority.Authority | undefined,
    signal: AbortSignal,
  ): Promise<authority.Authority> => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const found = await secret.readSecret(signal);
      const stored = found && authority.parse(found.data, now());
      // Where the Secret goes between two looks, its CA goes back there, whoever served it.
      const change = await authority.changeTo(stored, served ?? read, authorityLifetimeMs, now());
      read = stored ?? read;
      if (change.next === stored) return stored;
      const written = await secret.writeSecret(authority.format(change.next), found, signal);
      if (written === "taken") continue;
      log("info", "CA written", { because: change.because, until: authority.untilOf(change.next.cert) });
      return change.next;
    }
    throw new Error("the Secret of the CA is changed by others all the time");
  };

  const complaint = createComplaint(log, "the Secret of the CA is not kept");
  /**
   * Whoever trusts what is served trusts the next certificate by the same CA. That CA is not followed by another
   * meanwhile: the Secret may hold that one already. Where none was served, or it has ended, the one that was read will do.
   */
  const living = (served: authority.Authority | undefined, error: unknown): authority.Authority => {
    const known = [served, read].filter((one) => one !== undefined);
    const found = known.find(({ cert }) => !authority.hasEnded(cert, now()));
    if (found === undefined) throw error;
    complaint.make(error);
    return found;
  };

  return {
    look: (served, signal) =>
      settle(served, signal).then(
        (settled) => {
          complaint.withdraw();
          return settled;
        },
        (error: unknown) => living(served, error),
      ),
  };
}
