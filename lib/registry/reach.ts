/**
 * A request to a host whose name was looked up and found to lead elsewhere than here. A name can lead anywhere, and to
 * another place a moment later: what is connected to is the very address that was checked.
 */
import { checkAddresses } from "./endpoint.ts";
import { firstAnswer } from "./first-answer.ts";
import { isAddress } from "./local-address.ts";
import type { RegistrySettings } from "./registry-settings.ts";

export interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: { readonly ca?: string[]; readonly rejectUnauthorized: boolean };
  readonly signal: AbortSignal;
}

export type Reach = (url: URL, sent: Sent) => Promise<Response>;

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
