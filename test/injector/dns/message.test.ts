/** What is sent to a DNS server, and what is made of whatever comes back. */
import { describe, expect, test } from "bun:test";
import { PiggyError } from "../../../lib/error.ts";
import type { Family } from "../../../lib/injector/dns/address.ts";
import { encodeQuestion, parseReply, type Reply } from "../../../lib/injector/dns/message.ts";
import vectors from "../../vectors/dns-answers.json";

interface Vector {
  readonly what: string;
  readonly name: string;
  readonly family: number;
  readonly message: string;
  /** Null where it is no answer to the question. */
  readonly reply?: Reply | null;
  readonly malformed?: string;
}

const ID = 0x1234;
const answers: readonly Vector[] = vectors;
const familyOf = ({ family }: Vector): Family => (family === 6 ? 6 : 4);

function parse(vector: Vector, message = Buffer.from(vector.message, "hex")): Reply | undefined {
  return parseReply(message, { id: ID, name: vector.name, family: familyOf(vector) });
}

test("a question is one, for recursion, of the name and the type", () => {
  const hex = (family: Family) =>
    Buffer.from(encodeQuestion({ id: ID, name: "a.test", family }) ?? []).toString("hex");
  expect(hex(4)).toBe("1234010000010000000000000161047465737400" + "00010001");
  expect(hex(6)).toBe("1234010000010000000000000161047465737400" + "001c0001");
});

test.each(["", ".", "a.", "a..b", "a".repeat(64), Array(128).fill("a").join(".")])(
  "%p is not asked for",
  (name) => {
    expect(encodeQuestion({ id: ID, name, family: 4 })).toBeUndefined();
  },
);

test("the longest name is asked for", () => {
  expect(encodeQuestion({ id: ID, name: Array(127).fill("a").join("."), family: 4 })).toHaveLength(
    12 + 255 + 4,
  );
});

describe("an answer is read", () => {
  test.each(answers.filter(({ reply }) => reply))("$what", (vector) => {
    expect(parse(vector) ?? null).toEqual(vector.reply ?? null);
  });
});

describe("no answer to the question is", () => {
  test.each(answers.filter(({ reply }) => reply === null))("$what", (vector) => {
    expect(parse(vector)).toBeUndefined();
  });
});

describe("malformed is an answer", () => {
  test.each(answers.filter(({ malformed }) => malformed))("$what", (vector) => {
    expect(faultOf(() => parse(vector))).toContain(vector.malformed ?? "");
  });
});

/** The message of the PiggyError `answer_invalid`, undefined where nothing was thrown. @throws any other error */
function faultOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof PiggyError && error.code === "answer_invalid") return error.message;
    throw error;
  }
}

/** The same numbers at every run. Source: Marsaglia, "Xorshift RNGs". */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test("a hundred thousand answers with wrong bytes, cut off or made longer are read, or said to be malformed", () => {
  const next = numbers(53);
  let read = 0;
  let malformed = 0;
  for (let round = 0; round < 100_000; round += 1) {
    const vector = answers[next(answers.length)];
    if (vector === undefined) continue;
    const message = Buffer.concat([
      Buffer.from(vector.message, "hex"),
      Buffer.alloc(next(2) * next(40), next(256)),
    ]);
    for (let left = next(4); left > 0 && message.length > 2; left -= 1)
      message[2 + next(message.length - 2)] = next(256);
    const cut = next(3) === 0 ? message.subarray(0, next(message.length + 1)) : message;
    if (faultOf(() => parse(vector, cut)) === undefined) read += 1;
    else malformed += 1;
  }
  expect(read).toBeGreaterThan(1_000);
  expect(malformed).toBeGreaterThan(1_000);
});

test("as many records as a message can hold, each with as long a name, are read in a moment", () => {
  const question = Buffer.from(encodeQuestion({ id: ID, name: "a.test", family: 4 }) ?? []);
  question.writeUInt16BE(0x8180, 2);
  question.writeUInt16BE(0xffff, 6);
  const start = question.length;
  // The longest name stands once, behind nine pointers to one another, and every record's name is the last of these.
  const longest = Buffer.concat([Buffer.from("\x01a".repeat(127), "latin1"), Buffer.of(0)]);
  const rest = Buffer.from("00100001000000000000", "hex");
  const pointer = (to: number) => Buffer.of(0xc0 | (to >> 8), to & 0xff);
  const first = Buffer.concat([longest, rest]);
  const chain = Array.from({ length: 8 }, (_, index) =>
    Buffer.concat([pointer(index === 0 ? start : start + first.length + (index - 1) * 12), rest]),
  );
  const record = Buffer.concat([pointer(start + first.length + 7 * 12), rest]);
  const message = Buffer.concat([question, first, ...chain, ...Array(5_300).fill(record)]);
  expect(message.length).toBeLessThan(0xffff);
  const begun = performance.now();
  expect(faultOf(() => parseReply(message, { id: ID, name: "a.test", family: 4 }))).toContain(
    "leaves the message",
  );
  expect(performance.now() - begun).toBeLessThan(5_000);
});
