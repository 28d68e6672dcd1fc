/** The HTTP under the injector's calls to AWS: a connection is kept for the next call to its origin. */
import type { Received, Send, SendInit } from "../aws/send.ts";
import { type Connection, connect } from "../connection.ts";
import { PiggyError } from "../error.ts";
import { httpProxyOf } from "../http-proxy.ts";
import { AMAZON_ROOTS } from "./amazon-roots.ts";
import { bytesOf } from "./bytes.ts";
import { readText } from "./files.ts";
import { formatRequest, hostAndPort } from "./request.ts";
import type { Mark } from "./timeline.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where AWS itself answers, and so by a certificate of Amazon's. */
const AMAZON_HOST = /\.(amazonaws\.com(\.cn)?|api\.aws|amazonaws\.eu)$/;

export interface Transport {
  readonly send: Send;
  /** Connects to where a call will go, so that what the call needs can be made meanwhile. */
  prepare(url: URL, signal: AbortSignal): void;
}

/** A transport that obeys the environment's HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE. */
export function createTransport(environment: Environment, mark: Mark, connectByName = connect): Transport {
  /** By origin, those that nobody uses. */
  const connections = new Map<string, Promise<Connection>[]>();
  const keep = ({ origin }: URL, connection: Promise<Connection>) => {
    const kept = connections.get(origin);
    if (kept === undefined) connections.set(origin, [connection]);
    else kept.push(connection);
  };
  const bundle = environment["AWS_CA_BUNDLE"];
  const ca = bundle ? readBundle(bundle) : undefined;

  const open = (url: URL, signal: AbortSignal): Promise<Connection> => {
    const connecting = connectTo(url, signal, { ca, mark, connectByName });
    // Whoever waits for it is told; where nobody waits yet, or any more, nobody need be.
    connecting.catch(() => {});
    return connecting;
  };

  /** One call at a time: whoever comes meanwhile opens a connection of its own. */
  const takeKept = ({ origin }: URL): Promise<Connection> | undefined => connections.get(origin)?.pop();

  const send: Send = async (url, init) => {
    const proxy = init.proxy === false ? undefined : httpProxyOf(url, environment);
    if (proxy !== undefined) return sendThrough(proxy, ca, url, init);
    const kept = takeKept(url);
    const connecting = kept ?? open(url, init.signal);
    const request = formatRequest({ ...init, url, body: init.body ?? "" });
    const exchange = async (connection: Connection) => {
      const answer = await connection.exchange(request, init.signal);
      if (answer.reusable) keep(url, Promise.resolve(connection));
      else connection.close();
      return received(answer);
    };
    const connection = await connecting;
    if (kept === undefined) return exchange(connection);
    try {
      return await exchange(connection);
    } catch (error) {
      // It was closed while nothing was asked.
      if (init.signal.aborted) throw error;
    }
    return exchange(await open(url, init.signal));
  };

  return {
    send,
    prepare(url, signal) {
      const isDirect = httpProxyOf(url, environment) === undefined;
      if (isDirect && !connections.has(url.origin)) keep(url, open(url, signal));
    },
  };
}

interface Way {
  /** PEM of what AWS_CA_BUNDLE names. */
  readonly ca: string | undefined;
  readonly mark: Mark;
  readonly connectByName: typeof connect;
}

function connectTo(url: URL, signal: AbortSignal, { ca, mark, connectByName }: Way): Promise<Connection> {
  const to = hostAndPort(url);
  if (url.protocol !== "https:") return connectByName({ ...to, tls: undefined }, signal, mark);
  const connectBy = (authorities: string | undefined) =>
    connectByName({ ...to, tls: { ca: authorities, serverName: to.hostname, verify: true } }, signal, mark);
  if (ca !== undefined || !AMAZON_HOST.test(to.hostname)) return connectBy(ca);
  return connectBy(AMAZON_ROOTS).catch((error: unknown) => {
    // An endpoint of another authority: a proxy that opens TLS, or Amazon's next root.
    if (error instanceof PiggyError && error.code === "peer_untrusted") return connectBy(undefined);
    throw error;
  });
}

/** @throws PiggyError `setting_invalid` */
function readBundle(file: string): string {
  try {
    return readText(bytesOf(file));
  } catch (cause) {
    throw new PiggyError("setting_invalid", `AWS_CA_BUNDLE: cannot read ${file}`, { cause });
  }
}

/** A proxy is rare enough to be worth no code of our own. */
async function sendThrough(
  proxy: string,
  ca: string | undefined,
  url: URL,
  init: SendInit,
): Promise<Received> {
  const response = await fetch(url, {
    ...init,
    proxy,
    redirect: "manual",
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

function received({ status, headers, body }: Awaited<ReturnType<Connection["exchange"]>>): Received {
  return { status, headers: { get: (name) => headers.get(name.toLowerCase()) ?? null }, body };
}
