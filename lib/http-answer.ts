/** An HTTP/1.1 answer from the bytes that came. Pure. Source: RFC 9112. */
import { PiggyError } from "./error.ts";

export interface Answer {
  readonly status: number;
  /** By lower-case name; of several of a name the first. */
  readonly headers: { readonly get: (name: string) => string | undefined };
  readonly body: string;
  /** Of the bytes, how many it took. */
  readonly length: number;
  /** Whether the connection can carry another request. */
  readonly reusable: boolean;
}

const LONGEST_HEAD = 64 * 1024;
/** In bytes: more than a secret, a page of parameters, or an object of the API server can be. */
export const LONGEST_ANSWER = 8 * 1024 * 1024;

const STATUS_LINE = /^HTTP\/1\.[01] \d{3}(?: |\r|$)/;
const LENGTH = "\r\ncontent-length:";
const CODING = "\r\ntransfer-encoding:";
/** All of it at once: a server that asks others for each request reads a lot of heads, and few of their headers. */
const HEAD = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?(?:\r\n[!#$%&'*+.^_`|~\w-]+:[^\r\n]*)*$/;

/**
 * The answer, or undefined while it is not whole. `ended` says that no more will come.
 * @throws PiggyError `answer_invalid` for bytes that are no HTTP/1.1 answer, are too many, or break off.
 */
export function parseAnswer(bytes: Buffer, ended: boolean): Answer | undefined {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf("\r\n\r\n", start);
    if (end < 0) {
      if (bytes.length - start > LONGEST_HEAD) throw invalid("its head is longer than 64 KiB");
      if (ended) throw invalid(bytes.length === 0 ? "nothing came" : "it breaks off in its head");
      return undefined;
    }
    const head = parseHead(bytes.toString("latin1", start, end));
    start = end + 4;
    // 1xx announce the answer; they are not it.
    if (head.status >= 200) return parseBody(bytes, start, head, ended);
  }
}

type Head = Pick<Answer, "status" | "headers">;

function parseHead(text: string): Head {
  const status = HEAD.exec(text)?.[1];
  if (status === undefined) {
    throw invalid(
      STATUS_LINE.test(text) ? "a header of it cannot be read" : "it begins with no HTTP/1.1 status line",
    );
  }
  const lower = text.toLowerCase();
  const valueAt = (start: number) => {
    const end = text.indexOf("\r\n", start);
    return text.slice(start, end < 0 ? undefined : end).trim();
  };
  const get = (name: string) => {
    const at = lower.indexOf(`\r\n${name}:`);
    return at < 0 ? undefined : valueAt(at + name.length + 3);
  };
  const length = get("content-length");
  for (let at = lower.indexOf(LENGTH); at >= 0; at = lower.indexOf(LENGTH, at + LENGTH.length)) {
    if (valueAt(at + LENGTH.length) !== length) throw invalid("it has two lengths");
  }
  if (lower.indexOf(CODING) !== lower.lastIndexOf(CODING)) throw invalid("it has two transfer codings");
  return { status: Number(status), headers: { get } };
}

function parseBody(bytes: Buffer, start: number, head: Head, ended: boolean): Answer | undefined {
  const whole = (body: string, length: number, reusable = true): Answer => {
    const isKept = reusable && !/\bclose\b/i.test(head.headers.get("connection") ?? "");
    return { ...head, body, length, reusable: isKept };
  };
  if (bytes.length - start > LONGEST_ANSWER) throw invalid("it is longer than 8 MiB");
  if (head.status === 204 || head.status === 304) return whole("", start);
  const coding = head.headers.get("transfer-encoding");
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") throw invalid(`its transfer coding is ${coding}`);
    const chunked = parseChunks(bytes, start);
    if (chunked === undefined && ended) throw invalid("it breaks off in a chunk");
    return chunked && whole(chunked.body.toString("utf8"), chunked.end, chunked.isEnd);
  }
  const length = head.headers.get("content-length");
  if (length === undefined) {
    return ended ? whole(bytes.toString("utf8", start), bytes.length, false) : undefined;
  }
  if (!/^\d{1,9}$/.test(length)) throw invalid("its length is no number");
  const end = start + Number(length);
  if (bytes.length >= end) return whole(bytes.toString("utf8", start, end), end);
  if (ended) throw invalid(`it breaks off after ${bytes.length - start} of ${length} bytes`);
  return undefined;
}

/** In hexadecimal, less than 256 MiB; as many digits as Go takes, however many of them are zeros in front. */
const CHUNK_SIZE = /^0{0,9}([0-9a-f]{1,7})[ \t]*(?:;.*)?$/i;
const CR = 13;
const LF = 10;

interface Chunked {
  readonly body: Buffer;
  /** Where what follows begins. */
  readonly end: number;
  /** Whether nothing more of the answer comes. */
  readonly isEnd: boolean;
}

/** The chunks in one, or undefined while the last has not come. */
function parseChunks(bytes: Buffer, from: number): Chunked | undefined {
  const chunks: Buffer[] = [];
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = CHUNK_SIZE.exec(bytes.toString("latin1", at, lineEnd))?.[1];
    if (size === undefined) throw invalid("a chunk's size is no number");
    const length = Number.parseInt(size, 16);
    const start = lineEnd + 2;
    // The trailers after the last chunk are not waited for: nothing of ours is in them. They must not be taken for the
    // next answer either.
    if (length === 0) {
      const end = bytes.indexOf("\r\n", start);
      const [only = Buffer.alloc(0), ...others] = chunks;
      if (end < 0) return undefined;
      return { body: others.length > 0 ? Buffer.concat(chunks) : only, end: end + 2, isEnd: end === start };
    }
    if (bytes.length < start + length + 2) return undefined;
    if (bytes[start + length] !== CR || bytes[start + length + 1] !== LF) {
      throw invalid("a chunk is longer than its size");
    }
    chunks.push(bytes.subarray(start, start + length));
    at = start + length + 2;
  }
}

function invalid(what: string): PiggyError {
  return new PiggyError("answer_invalid", `the answer is no HTTP/1.1: ${what}`);
}
