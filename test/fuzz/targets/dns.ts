/** DNS answers: as servers write them, with pointers, and damaged. Bytes are one character each. */
import fc from "fast-check";
import { familyOf, formatAddress } from "../../../lib/injector/dns/address.ts";
import { encodeName, readName } from "../../../lib/injector/dns/domain-name.ts";
import { encodeQuestion, parseReply } from "../../../lib/injector/dns/message.ts";
import { words } from "../near.ts";
import { read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const QUESTION = { id: 0x1234, name: "db.shop.svc" } as const;
const label = fc.string({ unit: fc.constantFrom(..."abAB-_"), minLength: 1, maxLength: 6 });
const owner = fc.oneof(
  fc.constantFrom("db.shop.svc", "DB.shop.svc", "a.example", "b.example"),
  fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join(".")),
);
const bytes = fc
  .oneof(fc.constantFrom(4, 16), fc.nat({ max: 20 }))
  .chain((length) => fc.array(fc.nat({ max: 255 }), { minLength: length, maxLength: length }));
const record = fc.record({
  owner,
  type: fc.constantFrom(1, 28, 5, 16),
  alias: owner,
  data: bytes,
  isPointer: fc.boolean(),
});
const message = fc.record({
  family: fc.constantFrom(4, 6),
  flags: fc.constantFrom(0x8180, 0x8400, 0x8380, 0x8000, 0x8183, 0x8182),
  records: fc.array(record, { maxLength: 4 }),
  authorities: fc.nat({ max: 1 }),
} as const);
type Made = typeof message extends fc.Arbitrary<infer T> ? T : never;

const word = (value: number) => Buffer.of((value >> 8) & 0xff, value & 0xff);
const inFull = (name: string) =>
  Buffer.concat([
    ...name.split(".").map((each) => Buffer.from(`${String.fromCharCode(each.length)}${each}`, "latin1")),
    Buffer.of(0),
  ]);
const QUESTION_AT = 12;

function bytesOf({ family, flags, records, authorities }: Made): Buffer {
  const type = family === 4 ? 1 : 28;
  const head = [QUESTION.id, flags, 1, records.length, authorities, 0].map(word);
  const answers = records.flatMap((each) => {
    // Of the question's own name, as servers write it.
    const isPointer = each.isPointer && each.owner === QUESTION.name;
    const data = each.type === 5 ? inFull(each.alias) : Buffer.from(each.data);
    return [
      isPointer ? word(0xc000 | QUESTION_AT) : inFull(each.owner),
      word(each.type),
      word(1),
      Buffer.alloc(4),
      word(data.length),
      data,
    ];
  });
  return Buffer.concat([...head, inFull(QUESTION.name), word(type), word(1), ...answers]);
}

/** By following aliases one at a time; undefined where an address has a wrong length. */
function addressesOf({ family, records }: Made): readonly string[] | undefined {
  const lengths = new Map([
    [1, 4],
    [28, 16],
  ]);
  if (records.some(({ type, data }) => lengths.has(type) && data.length !== lengths.get(type)))
    return undefined;
  const lower = (name: string) => name.toLowerCase();
  let name: string = QUESTION.name;
  const aliases = records.filter(({ type }) => type === 5);
  for (const _ of new Set(aliases.map((each) => lower(each.owner)))) {
    name = lower(aliases.findLast((each) => lower(each.owner) === name)?.alias ?? name);
  }
  return records
    .filter((each) => each.type === (family === 4 ? 1 : 28) && lower(each.owner) === name)
    .map(({ data }) => formatAddress(Uint8Array.from(data)));
}

export const dnsReplies = target({
  name: "dns-reply",
  inputs: message,
  check(given) {
    const question = { ...QUESTION, family: given.family };
    const sent = Buffer.from(encodeQuestion(question) ?? []);
    if (readName(sent, QUESTION_AT).name !== QUESTION.name)
      throw new Error("the question is for another name");
    const reading = read(() => parseReply(bytesOf(given), question));
    const isTruncated = (given.flags & 0x0200) !== 0;
    const expected = isTruncated ? [] : addressesOf(given);
    if (!reading.ok) {
      if (expected !== undefined) throw new Error(`it is refused: ${reading.message}`);
      return reasonOf(reading);
    }
    if (reading.value === undefined) throw new Error("it is not taken for the answer");
    if (!Bun.deepEquals(reading.value.addresses, expected))
      throw new Error(`${reading.value.addresses} and not ${expected}`);
    const { code, isReferral } = reading.value;
    return `${isTruncated ? "truncated" : `${Math.min(reading.value.addresses.length, 2)} addresses`}, code ${code}${isReferral ? ", a referral" : ""}`;
  },
});

const edit = fc.record({
  at: fc.nat({ max: 200 }),
  put: fc.array(fc.nat({ max: 255 }), { maxLength: 3 }),
  length: fc.nat({ max: 4 }),
});

export const dnsBytes = target({
  name: "dns-bytes",
  inputs: fc.tuple(message, fc.array(edit, { maxLength: 4 })).map(([made, edits]) =>
    edits.reduce((text, { at, put, length }) => {
      const start = QUESTION_AT - 10 + (at % Math.max(1, text.length - 2));
      return text.slice(0, start) + String.fromCharCode(...put) + text.slice(start + length);
    }, bytesOf(made).toString("latin1")),
  ),
  check(text) {
    const given = Buffer.from(text, "latin1");
    const outcomes = ([4, 6] as const).map((family) => {
      const reading = read(() => parseReply(given, { ...QUESTION, family }));
      if (!reading.ok) return reasonOf(reading);
      for (const address of reading.value?.addresses ?? []) {
        if (familyOf(address) !== family) throw new Error(`${address} is of another family`);
      }
      return reading.value === undefined
        ? "of another question"
        : `${Math.min(reading.value.addresses.length, 1)} addresses`;
    });
    return outcomes.find((outcome) => outcome !== "of another question") ?? "of another question";
  },
});

export const domainNames = target({
  name: "domain-name",
  inputs: words(["a", ".", "-", "xn--", "db", "a".repeat(63), "b".repeat(64), "A", "\\"], 8),
  check(name) {
    const encoded = encodeName(name);
    if (encoded === undefined) return "none";
    if (encoded.length > 255) throw new Error("it is too long");
    const { name: again, next } = readName(Buffer.from(encoded), 0);
    if (next !== encoded.length) throw new Error("it ends elsewhere");
    const expected = Buffer.from(name).toString("latin1").toLowerCase().replaceAll("\\", "\\\\");
    if (again !== expected) throw new Error(`it is read as ${again}`);
    return encoded.length > 64 ? "a long name" : "a name";
  },
});
