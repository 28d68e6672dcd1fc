/** What DNS look-ups can be forced over: a protocol, and with a digit only servers whose address is of that family. */

export const DNS_TRANSPORTS = ["udp", "udp4", "udp6", "tcp", "tcp4", "tcp6"] as const;

export type DnsTransport = (typeof DNS_TRANSPORTS)[number];

export function parseDnsTransport(text: string): DnsTransport | undefined {
  return DNS_TRANSPORTS.find((transport) => transport === text);
}
