/**
 * The webhook's own CA: what is kept of it, and when the next one takes its place. A Pod's spec holds the CA that was
 * there when the Pod was admitted and cannot be changed, so each CA is vouched for by the one before for as long as
 * that one lives.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { PiggyError } from "../error.ts";
import { createAuthority, crossSign, type KeyPair, type Validity } from "./x509.ts";

/** All PEM. */
export interface Authority extends KeyPair {
  /** The CA before this one, while it is valid. */
  readonly previous: string | undefined;
  /** This CA's certificate by the one before: what is served behind the webhook's own certificate. */
  readonly crossSigned: string | undefined;
}

/** As the Secret's `data`, decoded. */
export type StoredAuthority = Readonly<Record<string, string>>;

const COMMON_NAME = "piggy-webhooks";
/** Clocks of nodes differ, and a certificate that is not valid yet stops every Pod. */
const BACKDATED_MS = 60 * 60 * 1000;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g;

export function format({ cert, key, previous, crossSigned }: Authority): StoredAuthority {
  return {
    "ca.crt": cert,
    "ca.key": key,
    ...(previous === undefined ? {} : { "previous-ca.crt": previous }),
    ...(crossSigned === undefined ? {} : { "cross-signed.crt": crossSigned }),
  };
}

/**
 * @param now milliseconds since 1970
 * @throws PiggyError `certificate_invalid` for what somebody else must have written: each CA of ours has a P-256 key, and
 * began before it was written
 */
export function parse(stored: StoredAuthority, now: number): Authority {
  const read: Record<string, string> = {};
  for (const [name, text] of Object.entries(stored)) {
    read[name] = name === "ca.key" ? keyIn(name, text) : certificateIn(name, text);
  }
  const { "ca.crt": cert, "ca.key": key } = read;
  if (cert === undefined || key === undefined) throw invalid("ca.crt or ca.key is missing");
  const certificate = new X509Certificate(cert);
  if (!certificate.ca) throw invalid("ca.crt is not a CA's certificate");
  const privateKey = createPrivateKey(key);
  if (!certificate.checkPrivateKey(privateKey)) throw invalid("ca.key is not the key of ca.crt");
  if (certificate.validFromDate.getTime() > now) throw invalid("ca.crt is not valid yet");
  const { "previous-ca.crt": previous, "cross-signed.crt": crossSigned } = read;
  if (crossSigned !== undefined) requireVouched(new X509Certificate(crossSigned), privateKey, previous);
  return { cert, key, previous, crossSigned };
}

/** Whoever knows the CA before alone gets to a server's certificate by this one. */
function requireVouched(crossSigned: X509Certificate, key: KeyObject, previous: string | undefined): void {
  if (!crossSigned.checkPrivateKey(key)) throw invalid("cross-signed.crt is not of the key of ca.crt");
  if (previous === undefined || !crossSigned.verify(new X509Certificate(previous).publicKey))
    throw invalid("cross-signed.crt is not signed by previous-ca.crt");
}

/** Written anew without what stands around it: what was looked at is what certificates are made by. */
function keyIn(name: string, text: string): string {
  const key = privateKeyIn(text);
  if (key === undefined) throw invalid(`${name} is not a private key, as PEM`);
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw invalid(`${name} is not an EC P-256 key`);
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function privateKeyIn(text: string): KeyObject | undefined {
  if (!text.includes("-----BEGIN PRIVATE KEY-----")) return undefined;
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

/** Without what stands around it: whoever reads on takes the first that looks like one. */
function certificateIn(name: string, text: string): string {
  const [cert, ...others] = certificatesIn(text);
  if (cert !== undefined && others.length === 0) return cert;
  throw invalid(`${name} is not one certificate, as PEM`);
}

/** What Pods and the API server verify by: this CA, and the one before, which another replica may still serve by. */
export function trustOf({ cert, previous }: Authority): string {
  return cert + (previous ?? "");
}

export interface Change {
  /** The stored one itself where nothing is to be done. */
  readonly next: Authority;
  readonly because: string;
}

/**
 * The CA that is to be stored, by what is and what this replica has held so far. Running Pods trust what was held, so
 * it is written back where the Secret is gone, and vouches for whatever took its place.
 */
export async function changeTo(
  stored: Authority | undefined,
  held: Authority | undefined,
  lifetimeMs: number,
  now: number,
): Promise<Change> {
  const known = stored ?? held;
  if (known === undefined) return { next: await create(lifetimeMs, now), because: "there was none" };
  if (held !== undefined && isReplacedBy(known, held, now)) {
    return { next: held, because: "an older state of it stood in its place" };
  }
  if (isDue(known.cert, now)) {
    return { next: await succeed(known, lifetimeMs, now), because: "two thirds of its life are over" };
  }
  if (stored === undefined) return { next: known, because: "its Secret was gone" };
  if (stored.previous !== undefined && hasEnded(stored.previous, now)) {
    const next = { ...stored, previous: undefined, crossSigned: undefined };
    return { next, because: "the CA before it has ended" };
  }
  if (held === undefined || stored.cert === held.cert || stored.previous === held.cert) {
    return { next: stored, because: "" };
  }
  const next = { ...stored, previous: held.cert, crossSigned: await crossSign(stored, held) };
  return { next, because: "another CA stood in its place" };
}

/** Whether what is stored is what a backup brought back, or a part of it: running Pods trust the one that is held. */
function isReplacedBy(stored: Authority, held: Authority, now: number): boolean {
  if (stored.cert !== held.cert) return isDue(stored.cert, now) && !isDue(held.cert, now);
  return stored.previous === undefined && held.previous !== undefined && !hasEnded(held.previous, now);
}

async function create(lifetimeMs: number, now: number): Promise<Authority> {
  const pair = await createAuthority(COMMON_NAME, validityFrom(now, lifetimeMs));
  return { ...pair, previous: undefined, crossSigned: undefined };
}

async function succeed(before: Authority, lifetimeMs: number, now: number): Promise<Authority> {
  const pair = await createAuthority(COMMON_NAME, validityFrom(now, lifetimeMs));
  return { ...pair, previous: before.cert, crossSigned: await crossSign(pair, before) };
}

/** Whether two thirds of its life are over. */
export function isDue(cert: string, now: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return now >= from + ((to - from) * 2) / 3;
}

export function endOf(cert: string): Date {
  return new X509Certificate(cert).validToDate;
}

/** Of the first certificate in a text, as a log says it. */
export function untilOf(text: string): string {
  const [first = text] = certificatesIn(text);
  return endOf(first).toISOString();
}

export function hasEnded(cert: string, now: number): boolean {
  return endOf(cert).getTime() <= now;
}

/** Whether a certificate by this CA is to be followed by the next one, which would be good for longer. */
export function isToFollow(cert: string, ca: string, now: number): boolean {
  return isDue(cert, now) && endOf(cert).getTime() < endOf(ca).getTime();
}

export function validityFrom(now: number, lifetimeMs: number): Validity {
  // A short life is for trying things out, and is not to be over before it begins.
  const notBefore = new Date(now - Math.min(BACKDATED_MS, lifetimeMs / 10));
  return { notBefore, notAfter: new Date(now + lifetimeMs) };
}

export function certificatesIn(text: string): readonly string[] {
  return [...text.matchAll(CERTIFICATE)].map(([pem]) => pem.trimEnd().concat("\n")).filter(isCertificate);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).ca !== undefined;
  } catch {
    return false;
  }
}

function invalid(what: string): PiggyError {
  return new PiggyError("certificate_invalid", `${what}: put back what was in the Secret, or delete it`);
}
