/** HTTP/1.1 answers: as they are put together, cut anywhere, and damaged. */
import fc from "fast-check";
import { type Answer, parseAnswer } from "../../../lib/http-answer.ts";
import { damaged, words } from "../near.ts";
import { type Reading, read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

const HEADERS = ["Content-Type: application/json", "X-A:b", "Connection: close", "Date: x", "A:"];
const GRAMMAR = [
  "HTTP/1.1 ",
  "HTTP/1.0 ",
  "200",
  " OK",
  "\r\n",
  "\r\n\r\n",
  "Content-Length: ",
  "5",
  "Transfer-Encoding: chunked",
  "0\r\n\r\n",
  "5\r\nhello\r\n",
  "a",
  "\n",
  "\r",
  ";x=y",
  "100 Continue",
  "204",
  "304",
  "Content-Length:1\r\n",
  "\x80",
  "{}",
  "ffffffff",
  ": ",
];

interface Made {
  readonly head: string;
  readonly status: number;
  /** UTF-8, as bytes. */
  readonly body: string;
  /** Undefined for a body with its length. */
  readonly chunks: readonly { readonly length: number; readonly extension: string }[] | undefined;
  /** In front of each chunk's size. */
  readonly zeros: string;
  readonly trailers: string;
}

const made: fc.Arbitrary<Made> = fc.record({
  status: fc.constantFrom(200, 201, 206, 301, 400, 401, 403, 404, 429, 500, 503, 599),
  head: fc
    .tuple(
      fc.constantFrom("", " OK", " Not Found", " "),
      fc.array(fc.constantFrom(...HEADERS), { maxLength: 4 }),
    )
    .map(([reason, headers]) => [reason, ...headers].join("\r\n")),
  body: fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => Buffer.from(text).toString("latin1")),
  chunks: fc.option(
    fc.array(
      fc.record({ length: fc.integer({ min: 1, max: 9 }), extension: fc.constantFrom("", ";a=b", " ", ";") }),
      { maxLength: 6 },
    ),
    { nil: undefined },
  ),
  zeros: fc.constantFrom("", "", "0", "000000000"),
  trailers: fc.constantFrom("", "", "Expires: 0\r\n", "A: b\r\nC: d\r\n"),
});

function textOf({ head, status, body, chunks, zeros, trailers }: Made): string {
  const begin = `HTTP/1.1 ${status}${head}\r\n`;
  if (chunks === undefined) return `${begin}Content-Length: ${body.length}\r\n\r\n${body}`;
  let text = `${begin}Transfer-Encoding: chunked\r\n\r\n`;
  let at = 0;
  for (const { length, extension } of [...chunks, { length: body.length, extension: "" }]) {
    const chunk = body.slice(at, at + length);
    if (chunk !== "") text += `${zeros}${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
    at += length;
  }
  return `${text}${zeros}0\r\n${trailers}\r\n`;
}

type Read = Reading<Answer | undefined>;
const parse = (text: string, ended: boolean): Read =>
  read(() => parseAnswer(Buffer.from(text, "latin1"), ended));

const shown = (reading: Read) =>
  reading.ok && reading.value !== undefined
    ? JSON.stringify([reading.value.status, reading.value.body, reading.value.headers.get("content-type")])
    : JSON.stringify(reading);

export const goodAnswers = target({
  name: "http-answer-in-pieces",
  inputs: fc.record({ made, behind: fc.constantFrom("", "HTTP/1.1 200 OK\r\n") }),
  check({ made: given, behind }) {
    const text = textOf(given);
    const body = Buffer.from(given.body, "latin1").toString("utf8");
    const hasTrailers = given.chunks !== undefined && given.trailers !== "";
    for (let length = 0; length < text.length; length += 1) {
      const reading = parse(text.slice(0, length), false);
      if (!reading.ok) throw new Error(`refused after ${length} of ${text.length} bytes: ${reading.message}`);
      if (reading.value !== undefined && !hasTrailers)
        throw new Error(`whole after ${length} of ${text.length} bytes`);
      if (reading.value?.reusable)
        throw new Error("more of it comes, and the connection is to carry another");
    }
    const reading = parse(text + behind, false);
    if (!reading.ok || reading.value === undefined) throw new Error(`it is not read: ${shown(reading)}`);
    const { status, length, reusable } = reading.value;
    if (status !== given.status || reading.value.body !== body)
      throw new Error(`it is read as ${shown(reading)}`);
    if (length > text.length || (!hasTrailers && length !== text.length))
      throw new Error(`it takes ${length} of ${text.length}`);
    if (reusable && length !== text.length) throw new Error("the next answer would begin within this one");
    if (reusable !== (!hasTrailers && !/connection: close/i.test(given.head)))
      throw new Error("whether it is the last is not heard");
    return `${given.chunks === undefined ? "with its length" : "in chunks"}${hasTrailers ? " and trailers" : ""}`;
  },
});

export const answers = target({
  name: "http-answer",
  inputs: fc.oneof(words(GRAMMAR, 16).map(latin1), damaged(made.map(textOf), GRAMMAR).map(latin1)),
  check(text) {
    const reading = parse(text, false);
    const atEnd = parse(text, true);
    if (reading.ok && reading.value === undefined && atEnd.ok && atEnd.value === undefined)
      throw new Error("it never ends");
    if (!reading.ok) {
      if (atEnd.ok) throw new Error("what is refused is taken at the connection's end");
      return reasonIn(reading);
    }
    if (reading.value === undefined) return atEnd.ok ? "whole at the end" : reasonIn(atEnd);
    if (shown(reading) !== shown(atEnd)) throw new Error("it is another at the connection's end");
    const { length, status, headers } = reading.value;
    if (length > text.length) throw new Error("it takes more than there is");
    if (status < 200 || status > 999) throw new Error(`its status is ${status}`);
    // What comes behind an answer changes nothing of it.
    const more = parse(`${text}\r\nX: y\r\n\r\n`, false);
    if (shown(more) !== shown(reading)) throw new Error("with more behind it, it is another");
    if (/[\r\n]/.test(headers.get("x-a") ?? "")) throw new Error("a header has a line break");
    return "whole";
  },
});

/** One character a byte. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function reasonIn(refused: { readonly code: string; readonly message: string }): string {
  return reasonOf({ ...refused, message: refused.message.replace(/coding is .*/s, "coding is another") });
}
