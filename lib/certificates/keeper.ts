/**
 * Keeps a CA in a Secret, the webhook's certificate by it, and the API server's trust in it. Every replica does the
 * same: of two that write at once the API server takes one, and the other reads what that one wrote.
 */
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../error.ts";
import type { JsonObject } from "../json.ts";
import type { Log } from "../log.ts";
import * as authority from "./authority.ts";
import { withTrust } from "./bundle.ts";
import { createComplaint } from "./complaint.ts";
import { issueServer, type KeyPair } from "./x509.ts";

/** What the keeper needs of the cluster. Each rejects where the API server does not say, or refuses. */
export interface CertificateWorld {
  readonly readSecret: (signal: AbortSignal) => Promise<StoredSecret | undefined>;
  /** `taken`: somebody was there first, or changed it since it was read. */
  readonly writeSecret: (
    data: authority.StoredAuthority,
    /** What was read; undefined where nothing was there. */
    read: StoredSecret | undefined,
    signal: AbortSignal,
  ) => Promise<"written" | "taken">;
  /** Puts what `change` makes of each webhook's caBundle in its place; undefined leaves it. */
  readonly changeBundles: (
    change: (bundle: string) => string | undefined,
    signal: AbortSignal,
  ) => Promise<void>;
}

export interface StoredSecret {
  readonly data: authority.StoredAuthority;
  /** As the API server has it: what a change of it begins with. */
  readonly object: JsonObject;
}

export interface CertificateOptions {
  /** DNS names that the webhook is reached by. */
  readonly names: readonly string[];
  readonly authorityLifetimeMs: number;
  readonly certificateLifetimeMs: number;
  /** Milliseconds since 1970, by the clock of those who verify. */
  readonly now: () => number;
  readonly log: Log;
}

/** All PEM: the certificate with what stands between it and the CAs, its key, and the CAs. */
export interface KeptCertificate extends KeyPair {
  readonly ca: string;
}

export interface Keeper {
  /**
   * Looks once at all that is kept and mends it. While the Secret cannot be read or written, or holds something else,
   * the CA that was in it last goes on to be the one that certificates are made by, until it ends; at a first look that
   * is the one that was read, whatever should have been written. Rejects where none of that is possible now.
   */
  readonly look: () => Promise<KeptCertificate>;
}

interface Held {
  readonly authority: authority.Authority;
  readonly certificate: KeptCertificate;
}

/** A look that takes longer is given up, to be begun again. */
const LONGEST_MS = 8_000;
/** Tries at a Secret that others write at the same time. */
const MOST_TRIES = 5;

export function createKeeper(world: CertificateWorld, options: CertificateOptions): Keeper {
  const { names, authorityLifetimeMs, certificateLifetimeMs, now, log } = options;
  let held: Held | undefined;
  /** The last that was in the Secret. */
  let read: authority.Authority | undefined;

  const settle = async (signal: AbortSignal): Promise<authority.Authority> => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const found = await world.readSecret(signal);
      const stored = found && authority.parse(found.data);
      // Where the Secret goes between two looks, its CA goes back there, whoever served it.
      const change = await authority.changeTo(stored, held?.authority ?? read, authorityLifetimeMs, now());
      read = stored ?? read;
      if (change.next === stored) return stored;
      const written = await world.writeSecret(authority.format(change.next), found, signal);
      if (written === "taken") continue;
      log("info", "CA written", { because: change.because, until: untilOf(change.next.cert) });
      return change.next;
    }
    throw new Error("the Secret of the CA is changed by others all the time");
  };

  const certificateBy = async (kept: authority.Authority): Promise<KeptCertificate> => {
    if (held !== undefined && isDeepStrictEqual(held.authority, kept)) {
      const [leaf = ""] = authority.certificatesIn(held.certificate.cert);
      if (!authority.isToFollow(leaf, kept.cert, now())) return held.certificate;
    }
    const at = now();
    // Nobody accepts it when its CA has ended, whatever it says itself.
    const lifetimeMs = Math.min(certificateLifetimeMs, authority.endOf(kept.cert).getTime() - at);
    const pair = await issueServer(kept, names, authority.validityFrom(at, lifetimeMs));
    log("info", "certificate made", { names, until: untilOf(pair.cert) });
    return { cert: pair.cert + (kept.crossSigned ?? ""), key: pair.key, ca: authority.trustOf(kept) };
  };

  const untrusted = createComplaint(log, "the API server's trust in the CA is not looked after");
  /** A rejection here leaves a certificate that is good. */
  const trust = async (kept: authority.Authority, signal: AbortSignal) => {
    try {
      await world.changeBundles((bundle) => withTrust(bundle, authority.trustOf(kept), now()), signal);
      untrusted.withdraw();
    } catch (error) {
      untrusted.make(error);
    }
  };

  const unkept = createComplaint(log, "the Secret of the CA is not kept");
  /**
   * Whoever trusts what is served trusts the next certificate by the same CA. That CA is not followed by another
   * meanwhile: the Secret may hold that one already. Where none was served, or it has ended, the one that was read will do.
   */
  const livingAuthority = (error: unknown): authority.Authority => {
    const known = [held?.authority, read].filter((one) => one !== undefined);
    const living = known.find(({ cert }) => !authority.hasEnded(cert, now()));
    if (living === undefined) throw error;
    unkept.make(error);
    return living;
  };

  return {
    async look() {
      const settled = await settle(AbortSignal.timeout(LONGEST_MS)).then((kept) => {
        unkept.withdraw();
        return kept;
      }, livingAuthority);
      held = { authority: settled, certificate: await certificateBy(settled) };
      // With time of its own, for the Secret may have taken all of that before.
      await trust(settled, AbortSignal.timeout(LONGEST_MS));
      return held.certificate;
    },
  };
}

function untilOf(cert: string): string {
  const [first = cert] = authority.certificatesIn(cert);
  return authority.endOf(first).toISOString();
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** The first certificate, however long the cluster takes. */
export async function firstCertificate(look: Keeper["look"], log: Log): Promise<KeptCertificate> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await look();
    } catch (error) {
      log("error", "no certificate yet", { reason: messageOf(error) });
      await Bun.sleep(pause);
    }
  }
}
