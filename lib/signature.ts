/** What an argv is known again by. */
import { trimOf } from "./text.ts";

/** What unicode.IsSpace of Go counts as space, which strings.TrimSpace takes from both ends. */
const SPACE =
  "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

function sha256(text: string): string {
  return Bun.SHA256.hash(text, "hex");
}

/**
 * The signature of an argv as existing Piggy writes and sends it: hex SHA-256 of the elements joined by one space,
 * trimmed. It cannot tell `["a b"]` from `["a","b"]`; see argvDigest.
 */
export function argvSignature(argv: readonly string[]): string {
  return sha256(trimOf(argv.join(" "), SPACE));
}

/**
 * Hex SHA-256 of the elements, each ended by a NUL byte, which no element can hold: two argvs have the same digest
 * only if they are the same. Sent in place of the signature for a container that has a token of ours.
 */
export function argvDigest(argv: readonly string[]): string {
  return sha256(argv.map((element) => `${element}\0`).join(""));
}
