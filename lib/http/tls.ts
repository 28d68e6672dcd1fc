/** The certificate that is served, and the files that it comes from. */

import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createSecureContext } from "node:tls";
import { messageOf, PiggyError } from "../error.ts";
import type { Settings } from "../settings.ts";

export interface Tls {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the CA that the certificate is verified by, where it is known. */
  readonly ca: string | undefined;
}

/**
 * The certificate that the settings name; undefined when they name none.
 * @throws PiggyError `tls_files_unreadable`
 */
export async function readTls(settings: Settings): Promise<Tls | undefined> {
  const certFile = settings["tls-cert-file"];
  const keyFile = settings["tls-private-key-file"];
  if (!certFile && !keyFile) return undefined;
  if (!certFile || !keyFile) {
    throw new PiggyError(
      "tls_files_unreadable",
      "TLS_CERT_FILE and TLS_PRIVATE_KEY_FILE go together: set both, or neither for plain HTTP",
    );
  }
  const beside = join(dirname(certFile), "ca.crt");
  const caFile = settings["tls-ca-file"] || (existsSync(beside) ? beside : undefined);
  const pair = { cert: await readPem(certFile), key: await readPem(keyFile) };
  try {
    createSecureContext(pair);
  } catch (cause) {
    const what = `${certFile} and ${keyFile} are not a certificate and its key: ${messageOf(cause)}`;
    throw new PiggyError("tls_files_unreadable", what, { cause });
  }
  return { ...pair, ca: caFile === undefined ? undefined : await readPem(caFile) };
}

/** When the certificate that is shown expires, in seconds since 1970; undefined where there is none. */
export function expiryOf(tls: Tls | undefined): number | undefined {
  return tls === undefined ? undefined : new X509Certificate(tls.cert).validToDate.getTime() / 1000;
}

/** @throws PiggyError `tls_files_unreadable` */
export async function readPem(file: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new PiggyError("tls_files_unreadable", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  if (text.includes("-----BEGIN ")) return text;
  throw new PiggyError("tls_files_unreadable", `${file} is not a PEM file`);
}
