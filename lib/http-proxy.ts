/** The HTTP proxy that the environment names for an address. Source: AWS SDKs and Tools Reference Guide, "HTTP proxies"; curl(1). */

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy's URL, or undefined where the address is to be asked directly. */
export function httpProxyOf(url: URL, environment: Environment): string | undefined {
  const either = (name: string) => environment[name.toLowerCase()] || environment[name];
  const proxy = url.protocol === "https:" ? either("HTTPS_PROXY") : either("HTTP_PROXY");
  if (!proxy || isExcepted(url, either("NO_PROXY") ?? "")) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

/** A host's own name, a domain with or without a dot in front, either with a port, or `*`. */
function isExcepted(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === "*") return true;
      // More than one colon is an IPv6 address, which has a port only behind brackets.
      const isBareIpv6 = /^[^[]*:.*:/.test(entry);
      const [, name = "", entryPort] = isBareIpv6
        ? [entry, entry]
        : (/^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(entry) ?? []);
      if (entryPort !== undefined && entryPort !== port) return false;
      const domain = name.replace(/^\*?\./, "");
      return host === domain || host.endsWith(`.${domain}`);
    });
}
