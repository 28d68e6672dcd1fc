/** caBundle: the CAs that the API server verifies the webhook by. */
import { X509Certificate } from "node:crypto";
import { certificatesIn } from "./authority.ts";

/**
 * Whoever reads PEM as the API server does finds nothing in what does not begin a line, or does not end one. And
 * everybody may read it: a key that somebody put there goes.
 */
const TO_REWRITE = /[^\n]-----BEGIN|-----END CERTIFICATE-----[ \t]*[^\s]|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * The bundle with our CAs in it, undefined where it has them already. What others put there stays while it is valid:
 * an older release may still serve by it.
 * @param bundle PEM, as it is; empty where there is none
 */
export function withTrust(bundle: string, trust: string, now: number): string | undefined {
  const present = certificatesIn(bundle);
  const ours = certificatesIn(trust);
  const known = new Set(present.map(fingerprint));
  if (!TO_REWRITE.test(bundle) && ours.every((cert) => known.has(fingerprint(cert)))) return undefined;
  const own = new Set(ours.map(fingerprint));
  const others = present.filter((cert) => !own.has(fingerprint(cert)) && isValid(cert, now));
  return [...ours, ...others].join("");
}

function fingerprint(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}

function isValid(cert: string, now: number): boolean {
  return new X509Certificate(cert).validToDate.getTime() > now;
}
