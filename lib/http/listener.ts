/** The listening socket, with or without TLS. */
import { messageOf, PiggyError } from "../error.ts";
import type { Tls } from "./tls.ts";

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
