/**
 * Bytes as strings of one character a byte, which is how arguments and variables go on as they came, and as text.
 * Buffer could do the same, and takes a tenth of a millisecond to begin with: nearly every string here is ASCII, which
 * is the same bytes in every form.
 */

const encoder = new TextEncoder();

/** The bytes that the characters are, each below 256. */
export function encodeBytes(bytes: string): Uint8Array<ArrayBuffer> {
  const ascii = encoder.encode(bytes);
  if (ascii.length === bytes.length) return ascii;
  const encoded = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) encoded[at] = bytes.charCodeAt(at);
  return encoded;
}

/** As many arguments as a function is surely given. */
const CHUNK = 8192;

export function decodeBytes(encoded: Uint8Array): string {
  let bytes = "";
  for (let at = 0; at < encoded.length; at += CHUNK) {
    const chunk: string = Reflect.apply(String.fromCharCode, undefined, encoded.subarray(at, at + CHUNK));
    bytes += chunk;
  }
  return bytes;
}

export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** What is not UTF-8 becomes U+FFFD. */
export function decodeText(encoded: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded);
}

export function textOf(bytes: string): string {
  return isAscii(bytes) ? bytes : decodeText(encodeBytes(bytes));
}

export function bytesOf(text: string): string {
  return isAscii(text) ? text : decodeBytes(encodeText(text));
}

function isAscii(text: string): boolean {
  return encoder.encode(text).length === text.length;
}
