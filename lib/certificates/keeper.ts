/**
 * Keeps a CA in a Secret, the webhook's certificate by it, and the API server's trust in it. Every replica does the
 * same: of two that write at once the API server takes one, and the other reads what that one wrote.
 */
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../error.ts";
import type { Log } from "../log.ts";
import * as authority from "./authority.ts";
import { withTrust } from "./bundle.ts";
import { createComplaint } from "./complaint.ts";
import { type AuthorityOptions, type AuthoritySecret, createKeptAuthority } from "./kept-authority.ts";
import { issueServer, type KeyPair } from "./x509.ts";

/** What the keeper needs of the cluster. Each rejects where the API server does not say, or refuses. */
export interface CertificateWorld extends AuthoritySecret {
  /** Puts what `change` makes of each webhook's caBundle in its place; undefined leaves it. */
  readonly changeBundles: (
    change: (bundle: string) => string | undefined,
    signal: AbortSignal,
  ) => Promise<void>;
}

export interface CertificateOptions extends AuthorityOptions {
  /** DNS names that the webhook is reached by. */
  readonly names: readonly string[];
  readonly certificateLifetimeMs: number;
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

export function createKeeper(world: CertificateWorld, options: CertificateOptions): Keeper {
  const { names, certificateLifetimeMs, now, log } = options;
  const kept = createKeptAuthority(world, options);
  let held: Held | undefined;

  const certificateBy = async (ca: authority.Authority): Promise<KeptCertificate> => {
    if (held !== undefined && isDeepStrictEqual(held.authority, ca)) {
      const [leaf = ""] = authority.certificatesIn(held.certificate.cert);
      if (!authority.isToFollow(leaf, ca.cert, now())) return held.certificate;
    }
    const at = now();
    // Nobody accepts it when its CA has ended, whatever it says itself.
    const lifetimeMs = Math.min(certificateLifetimeMs, authority.endOf(ca.cert).getTime() - at);
    const pair = await issueServer(ca, names, authority.validityFrom(at, lifetimeMs));
    log("info", "certificate made", { names, until: authority.untilOf(pair.cert) });
    return { cert: pair.cert + (ca.crossSigned ?? ""), key: pair.key, ca: authority.trustOf(ca) };
  };

  const untrusted = createComplaint(log, "the API server's trust in the CA is not looked after");
  /** A rejection here leaves a certificate that is good. */
  const trust = async (ca: authority.Authority, signal: AbortSignal) => {
    try {
      await world.changeBundles((bundle) => withTrust(bundle, authority.trustOf(ca), now()), signal);
      untrusted.withdraw();
    } catch (error) {
      untrusted.make(error);
    }
  };

  return {
    async look() {
      const ca = await kept.look(held?.authority, AbortSignal.timeout(LONGEST_MS));
      held = { authority: ca, certificate: await certificateBy(ca) };
      // With time of its own, for the Secret may have taken all of that before.
      await trust(ca, AbortSignal.timeout(LONGEST_MS));
      return held.certificate;
    },
  };
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
