import { describe, expect, test } from "bun:test";
import { parseAnswer } from "../lib/http-answer.ts";

const bytes = (text: string) => Buffer.from(text, "latin1");
const HEAD = "HTTP/1.1 200 OK\r\n";

describe("an answer is whole", () => {
  test.each([
    ["with its length", `${HEAD}Content-Length: 2\r\n\r\n{}`, false, "{}", true],
    ["with a length of nothing", `${HEAD}content-length:0\r\n\r\n`, false, "", true],
    ["without a length, when nothing more comes", `${HEAD}\r\n{}`, true, "{}", false],
    [
      "with its last chunk",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n`,
      false,
      "{}",
      true,
    ],
    [
      "with zeros in front of its chunks' sizes",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n00000002\r\n{}\r\n0000000000000000\r\n\r\n`,
      false,
      "{}",
      true,
    ],
    [
      "with its last chunk, behind which trailers are yet to end",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nExpires: 0\r\n`,
      false,
      "{}",
      false,
    ],
    [
      "after others that only announce it",
      `HTTP/1.1 100 Continue\r\n\r\n${HEAD}Content-Length: 2\r\n\r\n{}`,
      false,
      "{}",
      true,
    ],
    ["of 204, without a body", "HTTP/1.1 204 No Content\r\n\r\n", false, "", true],
    [
      "that says it is the last",
      `${HEAD}Connection: close\r\nContent-Length: 2\r\n\r\n{}`,
      false,
      "{}",
      false,
    ],
    ["without a reason in its status line", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, "", true],
  ])("%s", (_what, text, ended, body, reusable) => {
    expect(parseAnswer(bytes(text), ended)).toMatchObject({ body, reusable });
  });

  test("with multi-byte characters, whose bytes are what is counted", () => {
    const answer = Buffer.concat([bytes(`${HEAD}Content-Length: 3\r\n\r\n`), Buffer.from("€")]);
    expect(parseAnswer(answer, false)?.body).toBe("€");
  });
});

describe("whatever has come of an answer, until all of it has", () => {
  test.each([
    `${HEAD}Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{"KEY":"value"}`,
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"KEY\r\na\r\n":"value"}\r\n0\r\n\r\n`,
  ])("%j", (text) => {
    for (let length = 0; length < text.length; length += 1) {
      const part = bytes(text.slice(0, length));
      expect(parseAnswer(part, false)).toBeUndefined();
      expect(() => parseAnswer(part, true)).toThrow("no HTTP/1.1");
    }
    expect(parseAnswer(bytes(text), true)?.status).toBe(200);
  });
});

describe("no answer", () => {
  test.each([
    ["of another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["of another version", "HTTP/2 200\r\n\r\n"],
    ["with a header that is none", `${HEAD}no header\r\n\r\n`],
    ["with a folded header", `${HEAD}A: b\r\n c\r\n\r\n`],
    ["with two lengths", `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    ["with a length that is no number", `${HEAD}Content-Length: -1\r\n\r\n`],
    ["with two codings", `${HEAD}${"Transfer-Encoding: chunked\r\n".repeat(2)}\r\n0\r\n\r\n`],
    ["with another coding", `${HEAD}Transfer-Encoding: gzip\r\n\r\n`],
    ["with a chunk's size that is no number", `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ["with a chunk that is too long", `${HEAD}Transfer-Encoding: chunked\r\n\r\n0010000000\r\n`],
    [
      "with a chunk's size of more digits than anybody writes",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n${"0".repeat(17)}\r\n\r\n`,
    ],
    [
      "with a chunk that is longer than its size",
      `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
    ],
    ["with a head without end", HEAD + "A: b\r\n".repeat(20_000)],
    ["with a body without end", `${HEAD}\r\n${"x".repeat(9 * 1024 * 1024)}`],
  ])("%s", (_what, text) => {
    expect(() => parseAnswer(bytes(text), false)).toThrow(
      expect.objectContaining({ code: "answer_invalid" }),
    );
  });
});
