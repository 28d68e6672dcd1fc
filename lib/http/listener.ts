/** The listening socket, with or without TLS. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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
  return {
    cert: await readPem(certFile),
    key: await readPem(keyFile),
    ca: caFile === undefined ? undefined : await readPem(caFile),
  };
}

/** @throws PiggyError `tls_files_unreadable` */
export async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new PiggyError("tls_files_unreadable", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** Admission reviews hold two objects of at most 3 MiB at the API server. */
const LONGEST_BODY = 8 * 1024 * 1024;
/** Longer than the 90 s after which the API server itself closes an idle connection. */
const IDLE_SECONDS = 120;

/**
 * Listens on `:PORT`, both families, or `HOST:PORT`.
 * @throws PiggyError `setting_invalid` when the address cannot be listened on, or the certificate not be used.
 */
export function listen(
  address: string,
  tls: Tls | undefined,
  fetch: (request: Request) => Promise<Response>,
): Bun.Server<undefined> {
  const colon = address.lastIndexOf(":");
  const hostname = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const serve = (host: string) =>
    Bun.serve({
      hostname: host,
      port: Number(address.slice(colon + 1)),
      fetch,
      maxRequestBodySize: LONGEST_BODY,
      idleTimeout: IDLE_SECONDS,
      ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
    });
  try {
    if (hostname !== "") return serve(hostname);
    try {
      return serve("::");
    } catch {
      // A machine without IPv6.
      return serve("0.0.0.0");
    }
  } catch (cause) {
    throw new PiggyError("setting_invalid", `cannot listen on ${address}: ${messageOf(cause)}`, { cause });
  }
}
