/** The HTTP under the injector's calls to AWS: one connection for each origin, kept for the next call. */
import type { Received, Send, SendInit } from "../aws/send.ts";
import { PiggyError } from "../error.ts";
import { AMAZON_ROOTS } from "./amazon-roots.ts";
import { type Connection, connect } from "./connection.ts";
import { httpProxyOf } from "./http-proxy.ts";
import { readBytes } from "./libc.ts";
import { formatRequest, hostAndPort } from "./request.ts";
import type { Mark } from "./timeline.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where AWS itself answers, and so by a certificate of Amazon's. */
const AMAZON_HOST = /\.(amazonaws\.com(\.cn)?|api\.aws|amazonaws\.eu)$/;

/** A transport that obeys the environment's HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE. */
export function createSend(environment: Environment, mark: Mark, connectByName = connect): Send {
  const connections = new Map<string, Connection>();
  const bundle = environment["AWS_CA_BUNDLE"];
  const ca = bundle ? readBundle(bundle) : undefined;

  const open = async (url: URL, signal: AbortSignal): Promise<Connection> => {
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
  };

  return async (url, init) => {
    const proxy = init.proxy === false ? undefined : httpProxyOf(url, environment);
    if (proxy !== undefined) return sendThrough(proxy, ca, url, init);
    const request = formatRequest({
      ...init,
      headers: withoutHost(init.headers),
      url,
      body: init.body ?? "",
    });
    // One call at a time: whoever comes meanwhile opens a connection of its own.
    const kept = connections.get(url.origin);
    connections.delete(url.origin);
    const exchange = async (connection: Connection) => {
      const answer = await connection.exchange(request, init.signal);
      if (answer.reusable) connections.set(url.origin, connection);
      else connection.close();
      return received(answer);
    };
    try {
      if (kept !== undefined) return await exchange(kept);
    } catch (error) {
      // It was closed while nothing was asked.
      if (init.signal.aborted) throw error;
    }
    return exchange(await open(url, init.signal));
  };
}

/** @throws PiggyError `setting_invalid` */
function readBundle(file: string): string {
  try {
    return readBytes(file).toString("utf8");
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

function withoutHost(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "host"));
}

function received({ status, headers, body }: Awaited<ReturnType<Connection["exchange"]>>): Received {
  return { status, headers: { get: (name) => headers.get(name.toLowerCase()) ?? null }, body };
}
