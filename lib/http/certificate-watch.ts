/** The certificate while the server runs: what is renewed where it comes from is shown to whoever connects next. */
import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../error.ts";
import type { Log } from "../log.ts";
import type { Tls } from "./tls.ts";

/**
 * The kubelet takes about a minute to bring a renewed Secret into its files, and to look at them costs next to nothing.
 * What is kept in the cluster is mended as soon, where somebody deleted or emptied it.
 */
const EVERY_MS = 5_000;

export interface CertificateWatch {
  /** What was served at the start. */
  readonly first: Tls;
  readonly read: () => Promise<Tls | undefined>;
  /** Rejects where a renewed certificate cannot be shown; then it is tried again. */
  readonly show: (renewed: Tls) => Promise<void>;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Watches until the signal ends. @returns what is served at the moment */
export function watchCertificate({ first, read, show, signal, log }: CertificateWatch): () => Tls {
  let served = first;
  let complaint = "";
  const look = async () => {
    const found = await read();
    if (found === undefined || isSame(found, served)) return;
    if (!isSamePair(found, served)) await show(found);
    served = found;
    log("info", "certificate renewed", { until: new X509Certificate(found.cert).validToDate.toISOString() });
  };
  const watch = async () => {
    while (await passes(EVERY_MS, signal)) {
      try {
        await look();
        complaint = "";
      } catch (error) {
        // A certificate and a key that are written one after the other do not fit for a moment; one that stays unfit is
        // said once.
        const reason = messageOf(error);
        if (reason !== complaint) log("error", "the certificate is not renewed", { reason });
        complaint = reason;
      }
    }
  };
  void watch();
  return () => served;
}

function isSame(one: Tls, other: Tls): boolean {
  return isSamePair(one, other) && one.ca === other.ca;
}

function isSamePair(one: Tls, other: Tls): boolean {
  return one.cert === other.cert && one.key === other.key;
}

/** Whether the time passed, and not the signal ended it. */
async function passes(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return sleep(milliseconds, true, { signal, ref: false }).catch(() => false);
}
