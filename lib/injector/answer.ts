/** An HTTP/1.1 answer from the bytes that came. Pure. Source: RFC 9112. */
import { PiggyError } from "../error.ts";

export interface Answer {
  readonly status: number;
  /** By lower-case name; of several of a name the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Whether the connection can carry another request. */
  readonly reusable: boolean;
}

const LONGEST_HEAD = 64 * 1024;
/** More than a secret, and more than a page of parameters, can be. */
export const LONGEST_ANSWER = 8 * 1024 * 1024;

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |$)/;
const HEADER = /^([!#$%&'*+.^_`|~\w-]+):(.*)$/;

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
    if (head.status >= 200) return parseBody(bytes.subarray(start), head, ended);
  }
}

type Head = Pick<Answer, "status" | "headers">;

function parseHead(text: string): Head {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const status = STATUS_LINE.exec(statusLine)?.[1];
  if (status === undefined) throw invalid("it begins with no HTTP/1.1 status line");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = HEADER.exec(line) ?? [];
    if (name === "") throw invalid("a header of it cannot be read");
    const key = name.toLowerCase();
    if (!headers.has(key)) headers.set(key, value.trim());
    else if (key === "content-length" && headers.get(key) !== value.trim())
      throw invalid("it has two lengths");
  }
  return { status: Number(status), headers };
}

function parseBody(bytes: Buffer, head: Head, ended: boolean): Answer | undefined {
  const whole = (body: string, reusable: boolean): Answer => {
    const isKept = reusable && !/\bclose\b/i.test(head.headers.get("connection") ?? "");
    return { ...head, body, reusable: isKept };
  };
  if (bytes.length > LONGEST_ANSWER) throw invalid("it is longer than 8 MiB");
  if (head.status === 204 || head.status === 304) return whole("", true);
  const coding = head.headers.get("transfer-encoding");
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") throw invalid(`its transfer coding is ${coding}`);
    const body = parseChunks(bytes);
    if (body === undefined && ended) throw invalid("it breaks off in a chunk");
    return body === undefined ? undefined : whole(body.toString("utf8"), true);
  }
  const length = head.headers.get("content-length");
  if (length === undefined) return ended ? whole(bytes.toString("utf8"), false) : undefined;
  if (!/^\d{1,9}$/.test(length)) throw invalid("its length is no number");
  if (bytes.length >= Number(length)) return whole(bytes.toString("utf8", 0, Number(length)), true);
  if (ended) throw invalid(`it breaks off after ${bytes.length} of ${length} bytes`);
  return undefined;
}

/** The chunks in one, or undefined while the last has not come. */
function parseChunks(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = /^([0-9a-f]{1,7})[ \t]*(?:;.*)?$/i.exec(bytes.toString("latin1", at, lineEnd))?.[1];
    if (size === undefined) throw invalid("a chunk's size is no number");
    const length = Number.parseInt(size, 16);
    const start = lineEnd + 2;
    // The trailers after the last chunk are not waited for: nothing of ours is in them.
    if (length === 0) return bytes.indexOf("\r\n", start) < 0 ? undefined : Buffer.concat(chunks);
    if (bytes.length < start + length + 2) return undefined;
    chunks.push(bytes.subarray(start, start + length));
    at = start + length + 2;
  }
}

function invalid(what: string): PiggyError {
  return new PiggyError("answer_invalid", `the answer is no HTTP/1.1: ${what}`);
}
