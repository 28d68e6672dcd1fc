/** Domain names in a DNS message. Source: RFC 1035, 2.3.4, 3.1 and 4.1.4. */
import { PiggyError } from "../../error.ts";

const LONGEST_LABEL = 63;
/** With the length bytes and the root's. */
const LONGEST_NAME = 255;
/** Of one name; a loop of pointers ends here. No server's compression comes near. */
const MOST_POINTERS = 10;

/** The name's bytes, or undefined for what is no domain name. It has no dot at its end. */
export function encodeName(name: string): Uint8Array | undefined {
  const labels = name.split(".").map((label) => Buffer.from(label, "utf8"));
  if (labels.some(({ length }) => length === 0 || length > LONGEST_LABEL)) return undefined;
  const bytes = Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
  return bytes.length > LONGEST_NAME ? undefined : bytes;
}

export interface ReadName {
  /** In lower case, without a dot at its end. */
  readonly name: string;
  /** Where the message goes on behind it. */
  readonly next: number;
}

/**
 * The name that begins at this byte of a message.
 * @throws PiggyError `answer_invalid` for one that leaves the message, is too long or leads in a circle
 */
export function readName(message: Buffer, start: number): ReadName {
  const labels: string[] = [];
  let next: number | undefined;
  let length = 1;
  let pointers = 0;
  for (let at = start; ; ) {
    const size = message[at];
    if (size === undefined) throw malformed("a name leaves the message");
    if (size === 0) return { name: labels.join("."), next: next ?? at + 1 };
    if (size >= 0xc0) {
      pointers += 1;
      if (pointers > MOST_POINTERS) throw malformed("a name has too many pointers");
      next ??= at + 2;
      at = ((size & 0x3f) << 8) | (message[at + 1] ?? message.length);
      continue;
    }
    if (size > LONGEST_LABEL) throw malformed("a name has a label of an unknown kind");
    length += size + 1;
    if (length > LONGEST_NAME) throw malformed("a name is too long");
    labels.push(labelOf(message.subarray(at + 1, at + 1 + size)));
    at += size + 1;
  }
}

/** A dot within a label is none between two. */
function labelOf(bytes: Buffer): string {
  return bytes.toString("latin1").toLowerCase().replace(/[.\\]/g, "\\$&");
}

export function malformed(what: string): PiggyError {
  return new PiggyError("answer_invalid", `the answer is malformed: ${what}`);
}
