/**
 * Addresses of this machine, of its link and of nobody, where metadata services and a Pod's neighbours are and no
 * registry. Source: RFC 6890; RFC 4291, 2.5; RFC 6052 for IPv4 within IPv6.
 */

/** Whether the text is an IP address, as a URL's hostname has it. */
export function isAddress(hostname: string): boolean {
  return hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
}

/** For an IP address in any form; what is none is not known to be elsewhere. */
export function isLocalAddress(address: string): boolean {
  const bracketed = address.includes(":") ? `https://[${address}]` : `https://${address}`;
  if (!URL.canParse(bracketed)) return true;
  // In the one form that each address has there.
  const { hostname } = new URL(bracketed);
  if (!isAddress(hostname)) return true;
  return hostname.startsWith("[") ? isLocalIpv6(hostname.slice(1, -1)) : isLocalIpv4(hostname);
}

function isLocalIpv4(address: string): boolean {
  return /^(127\.\d+|0\.\d+|169\.254)(\.\d+){2}$/.test(address);
}

function isLocalIpv6(address: string): boolean {
  // A cluster of IPv6 alone reaches IPv4 registries through a translator, whose addresses end with theirs.
  const [, high = "0", low = "0"] = /^64:ff9b::(?:([\da-f]+):)?([\da-f]+)?$/.exec(address) ?? [];
  const translated = [high, low].flatMap((group) => {
    const bits = Number.parseInt(group, 16);
    return [bits >> 8, bits & 0xff];
  });
  if (address.startsWith("64:ff9b::")) return isLocalIpv4(translated.join("."));
  // The loopback, IPv4 in its older forms, translators of one's own, a link, the metadata service of AWS.
  return /^(::|64:ff9b:|fe[89ab].:|fd00:ec2:)/.test(address);
}
