/** One question to a DNS server, and what it answers. Source: RFC 1035, 4; RFC 3596, 2. */
import { type Family, formatAddress } from "./address.ts";
import { encodeName, malformed, readName } from "./domain-name.ts";

export interface Question {
  /** 16 bits that a stranger cannot guess. */
  readonly id: number;
  /** Absolute, without a dot at its end. */
  readonly name: string;
  /** Whose addresses are asked for. */
  readonly family: Family;
}

export interface Reply {
  /** RCODE. */
  readonly code: number;
  /** It did not fit: to be asked again over TCP. What came of it is not read. */
  readonly isTruncated: boolean;
  /** The server knows nothing of the name, and nobody to ask. */
  readonly isReferral: boolean;
  /** Of the name, or of what it is an alias of in this answer. */
  readonly addresses: readonly string[];
}

const HEADER = 12;
const IS_RESPONSE = 0x8000;
const OPERATION = 0x7800;
const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
const CODE = 0x000f;

const A = 1;
const CNAME = 5;
const AAAA = 28;
const INTERNET = 1;

const typeOf = (family: Family) => (family === 4 ? A : AAAA);

/** The message, or undefined where the name is none that can be asked for. */
export function encodeQuestion({ id, name, family }: Question): Uint8Array | undefined {
  const encoded = encodeName(name);
  if (encoded === undefined) return undefined;
  const message = Buffer.alloc(HEADER + encoded.length + 4);
  message.writeUInt16BE(id, 0);
  message.writeUInt16BE(RECURSION_DESIRED, 2);
  message.writeUInt16BE(1, 4);
  message.set(encoded, HEADER);
  message.writeUInt16BE(typeOf(family), HEADER + encoded.length);
  message.writeUInt16BE(INTERNET, HEADER + encoded.length + 2);
  return message;
}

/**
 * What a message says to the question, or undefined when it is no answer to it: somebody else's, or late.
 * @throws PiggyError `answer_invalid` for an answer to it that cannot be read
 */
export function parseReply(message: Buffer, { id, name, family }: Question): Reply | undefined {
  if (message.length < HEADER || message.readUInt16BE(0) !== id) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & (IS_RESPONSE | OPERATION)) !== IS_RESPONSE || message.readUInt16BE(4) !== 1) return undefined;
  const asked = readName(message, HEADER);
  const isSame =
    asked.name === name.toLowerCase() &&
    numberAt(message, asked.next) === typeOf(family) &&
    numberAt(message, asked.next + 2) === INTERNET;
  if (!isSame) return undefined;

  const answers = message.readUInt16BE(6);
  const isTruncated = (flags & TRUNCATED) !== 0;
  const isKnowing = (flags & (AUTHORITATIVE | RECURSION_AVAILABLE)) !== 0;
  return {
    code: flags & CODE,
    isTruncated,
    isReferral: !isKnowing && answers === 0 && message.readUInt16BE(10) === 0,
    addresses: isTruncated
      ? []
      : addressesOf(asked.name, family, readRecords(message, asked.next + 4, answers)),
  };
}

type Answer =
  | { readonly owner: string; readonly alias: string }
  | { readonly owner: string; readonly type: number; readonly address: string };

function readRecords(message: Buffer, start: number, count: number): readonly Answer[] {
  const records: Answer[] = [];
  // The count is the sender's word; the bytes there are end it.
  for (let at = start, left = count; left > 0; left -= 1) {
    const { name: owner, next } = readName(message, at);
    const type = numberAt(message, next);
    const content = next + 10;
    const length = numberAt(message, next + 8);
    at = content + length;
    if (at > message.length) throw malformed("a record leaves the message");
    if (numberAt(message, next + 2) !== INTERNET) continue;
    if (type === CNAME) records.push({ owner, alias: readName(message, content).name });
    if (type !== A && type !== AAAA) continue;
    if (length !== (type === A ? 4 : 16)) throw malformed("an address has a wrong length");
    records.push({ owner, type, address: formatAddress(message.subarray(content, at)) });
  }
  return records;
}

function numberAt(message: Buffer, at: number): number {
  if (at + 2 > message.length) throw malformed("it breaks off");
  return message.readUInt16BE(at);
}

/** Servers may send the records of a chain of aliases in any order. */
function addressesOf(name: string, family: Family, records: readonly Answer[]): readonly string[] {
  const aliases = new Map<string, string>();
  for (const record of records) if ("alias" in record) aliases.set(record.owner, record.alias);
  let owner = name;
  // As many steps as there are aliases: more would go in a circle.
  for (let left = aliases.size; left > 0; left -= 1) owner = aliases.get(owner) ?? owner;
  return records.flatMap((record) =>
    "address" in record && record.owner === owner && record.type === typeOf(family) ? [record.address] : [],
  );
}
