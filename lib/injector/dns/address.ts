/** Addresses as text, without node:net. */

export type Family = 4 | 6;

/** Without zeros in front, which some take for octal. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=\d)|$)){4}$/;
/** What an IPv6 address may be made of; a zone, such as `%eth0`, behind it. */
const IPV6 = /^((?:::|[0-9a-f])(?:[0-9a-f:.]*(?:::|[0-9a-f]))?)(?:%[\w.-]+)?$/i;

/** The family of an address, an IPv6 one without brackets; undefined for a name. */
export function familyOf(text: string): Family | undefined {
  if (IPV4.test(text)) return 4;
  const [, address = ""] = IPV6.exec(text) ?? [];
  return address.includes(":") && URL.canParse(`http://[${address}]`) ? 6 : undefined;
}

/** The address of 4 or 16 bytes in its usual form. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
