/** What is between a registry's name and a connection. */
import { httpProxyOf } from "../http-proxy.ts";
import type { Environment } from "../settings.ts";

export interface Network {
  /** The addresses of a name, the best first. Rejects where it has none. */
  readonly lookUp: (hostname: string) => Promise<readonly string[]>;
  /** The HTTP proxy that an address is asked through; undefined where it is asked directly. */
  readonly proxyOf: (url: URL) => string | undefined;
}

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
