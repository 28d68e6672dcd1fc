/** The listening socket, with or without TLS. */
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

/** Admission reviews hold two objects of at most 3 MiB at the API server. */
const LONGEST_BODY = 8 * 1024 * 1024;
/** Longer than the 90 s after which the API server itself closes an idle connection. */
const IDLE_SECONDS = 120;

export interface Address {
  /** As it is written. */
  readonly text: string;
  /** Without brackets; empty for every address of both families. */
  readonly host: string;
  readonly port: number;
}

/**
 * `:PORT`, both families, or `HOST:PORT`, an IPv6 host in brackets. To listen elsewhere than was said would look like
 * a webhook that is up and is never reached.
 * @throws PiggyError `setting_invalid`
 */
export function parseAddress(text: string): Address {
  const [, host, digits] = /^([^:[\]/]*|\[[^[\]/]+\]):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { text, host: host.replace(/^\[|\]$/g, ""), port };
  throw new PiggyError(
    "setting_invalid",
    `LISTEN_ADDRESS: ${JSON.stringify(text)} is not :PORT or HOST:PORT`,
  );
}

/**
 * @throws PiggyError `setting_invalid` when the address cannot be listened on.
 */
export function listen(
  address: Address,
  tls: Tls | undefined,
  fetch: (request: Request) => Promise<Response>,
): Bun.Server<undefined> {
  const serve = (hostname: string) =>
    Bun.serve({
      hostname,
      port: address.port,
      fetch,
      maxRequestBodySize: LONGEST_BODY,
      idleTimeout: IDLE_SECONDS,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
    });
  try {
    if (address.host !== "") return serve(address.host);
    try {
      return serve("::");
    } catch {
      // A machine without IPv6.
      return serve("0.0.0.0");
    }
  } catch (cause) {
    const what = `cannot listen on ${address.text}: ${messageOf(cause)}`;
    throw new PiggyError("setting_invalid", what, { cause });
  }
}
