/**
 * A request to a host whose name was looked up and found to lead elsewhere than here. A name can lead anywhere, and to
 * another place a moment later: what is connected to is the very address that was checked.
 */
import { httpProxyOf } from "../http-proxy.ts";
import type { Environment } from "../settings.ts";
import { checkAddresses, type Network, type RegistrySettings } from "./endpoint.ts";
import { firstAnswer } from "./first-answer.ts";
import { isAddress } from "./local-address.ts";

export interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: { readonly ca?: string[]; readonly rejectUnauthorized: boolean };
  readonly signal: AbortSignal;
}

export type Reach = (url: URL, sent: Sent) => Promise<Response>;

/** By the resolver and the HTTP proxy of the machine. */
export function networkOf(environment: Environment): Network {
  return {
    async lookUp(hostname) {
      // Not the C library's, each of whose look-ups holds a thread while a server of somebody's is silent.
      const found = await Bun.dns.lookup(hostname, { backend: "c-ares" });
      return found.map(({ address }) => address);
    },
    proxyOf: (url) => httpProxyOf(url, environment),
  };
}

/**
 * Each name is looked up once. Behind a proxy it is the proxy that looks names up, and that must know where it does not
 * go. Redirects are not followed. @throws PiggyError `image_host_refused`; what fetch and a look-up throw
 */
export function createReach({ trustedOrigins, network }: RegistrySettings): Reach {
  const checked = new Map<string, Promise<readonly string[]>>();
  const addressesOf = (url: URL) => {
    const addresses =
      checked.get(url.hostname) ?? network.lookUp(url.hostname).then((found) => checkAddresses(url, found));
    checked.set(url.hostname, addresses);
    return addresses;
  };
  return async (url, { headers, tls, signal }) => {
    const proxy = network.proxyOf(url);
    if (proxy !== undefined || trustedOrigins.has(url.origin) || isAddress(url.hostname)) {
      return fetch(url, { headers, tls, signal, redirect: "manual", proxy: proxy ?? false });
    }
    const ask = (address: string, until: AbortSignal) =>
      fetch(at(url, address), {
        headers: { ...headers, Host: url.host },
        // The certificate is that of the name.
        tls: { ...tls, serverName: url.hostname },
        signal: until,
        redirect: "manual",
        proxy: false,
      });
    return firstAnswer(await addressesOf(url), ask, signal);
  };
}

function at(url: URL, address: string): URL {
  const there = new URL(url);
  there.hostname = address.includes(":") ? `[${address}]` : address;
  return there;
}
