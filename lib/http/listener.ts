/** The listening socket, with or without TLS. */
import { messageOf, PiggyError } from "../error.ts";
import { handOver } from "./hand-over.ts";
import type { Tls } from "./tls.ts";

/** Admission reviews hold two objects of at most 3 MiB at the API server. */
/** In bytes: a Pod of three mebibytes, which is the most that the API server takes, as it is and as it was. */
export const LONGEST_BODY = 8 * 1024 * 1024;
/** Longer than the 90 s after which the API server itself closes an idle connection. */
const IDLE_SECONDS = 120;
/** How long a socket whose certificate was renewed is kept, for what waits in its queue and for clients to be told. */
const LINGER_MS = 10_000;

export interface Address {
  /** As it is written. */
  readonly text: string;
  /** Without brackets; empty for every address of both families. */
  readonly host: string;
  readonly port: number;
}

/**
 * `:PORT`, both families, or `HOST:PORT`, an IPv6 host in brackets. To listen elsewhere than was said would look like
 * a webhook that is up and is never reached. `from` is the variable that says it.
 * @throws PiggyError `setting_invalid`
 */
export function parseAddress(text: string, from = "LISTEN_ADDRESS"): Address {
  const [, host, digits] = /^([^:[\]/]*|\[[^[\]/]+\]):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host !== undefined && port <= 65_535) return { text, host: host.replace(/^\[|\]$/g, ""), port };
  throw new PiggyError("setting_invalid", `${from}: ${JSON.stringify(text)} is not :PORT or HOST:PORT`);
}

export interface Listener {
  readonly hostname: string;
  readonly port: number;
  /**
   * Shows a newer certificate to whoever connects from now on. A connection that is open ends with the answer to
   * its next request.
   * @throws Error when that cannot be done while the server runs; the one before is shown on
   */
  readonly renew: (tls: Tls) => Promise<void>;
  /** Accepts nothing any more; resolves when the last connection has ended. */
  readonly stop: () => Promise<void>;
}

/** `isLast` says that the connection ends after the answer, which the client is to be told. */
export type Fetch = (request: Request, isLast: boolean) => Promise<Response>;

/**
 * @throws PiggyError `setting_invalid` when the address cannot be listened on.
 */
export function listen(address: Address, tls: Tls | undefined, fetch: Fetch): Listener {
  const retired = new WeakSet<object>();
  const optionsFor = (shown: Tls | undefined) => ({
    fetch: (request: Request, server: object) => fetch(request, retired.has(server)),
    maxRequestBodySize: LONGEST_BODY,
    idleTimeout: IDLE_SECONDS,
    ...(shown === undefined ? {} : { tls: { cert: shown.cert, key: shown.key } }),
  });
  let server = serveAt(address, optionsFor(tls));
  /** Ends what is left of the one before. */
  let endEarlier = async () => {};
  const { hostname = "", port = address.port } = server;
  return {
    hostname,
    port,
    async renew(renewed) {
      // Of three sockets the kernel could not be told which is the newest once the oldest is gone.
      void endEarlier();
      const open = () => Bun.serve({ ...optionsFor(renewed), hostname, port, reusePort: true });
      const newer = await handOver(port, open, (unused) => void unused.stop(true));
      const earlier = server;
      retired.add(earlier);
      server = newer;
      endEarlier = once(() => earlier.stop());
      setTimeout(endEarlier, LINGER_MS).unref();
    },
    stop: async () => {
      await Promise.all([server.stop(), endEarlier()]);
    },
  };
}

function once(end: () => Promise<void>): () => Promise<void> {
  let ended: Promise<void> | undefined;
  return () => {
    ended ??= end();
    return ended;
  };
}

type Options = Omit<Bun.Serve.HostnamePortServeOptions<undefined>, "hostname" | "port"> & {
  readonly fetch: (request: Request, server: object) => Promise<Response>;
};

function serveAt(address: Address, options: Options): Bun.Server<undefined> {
  const serve = (hostname: string) => Bun.serve({ ...options, hostname, port: address.port });
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
