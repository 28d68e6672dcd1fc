/** Texts that Go and Kubernetes read too, each against what they make of it. `npm run fuzz -- --go`; it needs Go. */
import fc from "fast-check";
import { parseBoolean } from "../../lib/boolean.ts";
import { parseDuration } from "../../lib/duration.ts";
import { parseAnswer } from "../../lib/http-answer.ts";
import { isJsonObject, type JsonValue } from "../../lib/json.ts";
import { bytesOf, isResourceQuantity } from "../../lib/quantity.ts";
import { matchesGlob } from "../../lib/registry/glob.ts";
import { parseImageName } from "../../lib/registry/image-name.ts";
import { parseYaml } from "../../lib/yaml.ts";
import { askGo, type GoAnswer, type Question } from "./go.ts";
import { letters, words } from "./near.ts";
import { read } from "./read.ts";
import { target } from "./target.ts";

/** Many at once: a question to another process takes longer than the answer. */
const AT_ONCE = 50;

function comparedWithGo(
  name: string,
  questions: fc.Arbitrary<Question>,
  compare: (question: Question, answer: GoAnswer) => string,
) {
  return target({
    name,
    inputs: fc.array(questions, { minLength: 1, maxLength: AT_ONCE }),
    async check(all) {
      const answers = await askGo(all);
      const [last = "nothing"] = all
        .map((question, index) => compare(question, answers[index] ?? { ok: false, value: null }))
        .reverse();
      return last;
    },
  });
}

function differ(what: unknown, { kind, input }: Question, answer: GoAnswer): Error {
  return new Error(
    `${kind} ${JSON.stringify(input)}: ${JSON.stringify(what)}, and for Go ${JSON.stringify(answer)}`,
  );
}

const of = (kind: Question["kind"], inputs: fc.Arbitrary<string>) =>
  inputs.map((input): Question => ({ kind, input: input.toWellFormed() }));

const booleans = comparedWithGo(
  "go-boolean",
  of("boolean", words(["true", "True", "TRUE", "t", "T", "1", "false", "f", "F", "0", "tRUE"], 2)),
  (question, answer) => {
    const value = parseBoolean(question.input);
    if ((value ?? null) !== (answer.ok ? answer.value : null)) throw differ(value, question, answer);
    return String(value);
  },
);

const LONGEST_DURATION = 64;
const durations = comparedWithGo(
  "go-duration",
  of(
    "duration",
    words(
      [
        "1",
        "0",
        "9",
        "15",
        ".",
        "ns",
        "us",
        "µs",
        "ms",
        "s",
        "m",
        "h",
        "-",
        "+",
        "9223372036854775807",
        "1.5",
      ],
      8,
    ),
  ),
  (question, answer) => {
    if (question.input.length > LONGEST_DURATION) return "too long";
    const milliseconds = parseDuration(question.input);
    // In milliseconds the last number of nanoseconds is not told from the one behind it.
    if (Math.abs(milliseconds ?? 0) >= 9_223_372_036_854) return "the longest";
    const isSame =
      milliseconds === undefined
        ? !answer.ok
        : answer.ok &&
          Math.abs(milliseconds - Number(answer.value) / 1e6) <= 2e-6 + Math.abs(milliseconds) * 1e-15;
    if (!isSame) throw differ(milliseconds, question, answer);
    return milliseconds === undefined ? "none" : "read";
  },
);

const LARGEST = 2n ** 63n - 1n;
const quantities = comparedWithGo(
  "go-quantity",
  of(
    "quantity",
    words(
      [
        "1",
        "0",
        "9",
        "100",
        ".",
        "Ki",
        "Mi",
        "Gi",
        "Ei",
        "n",
        "u",
        "m",
        "k",
        "M",
        "E",
        "e",
        "e3",
        "E-3",
        "+",
        "-",
      ],
      5,
    ),
  ),
  (question, answer) => {
    const { input } = question;
    // Nor is an exponent that is no number to Go.
    if (input.length > 64 || input.startsWith("-") || /[eE][+-]?\d{10,}/.test(input)) return "left out";
    const bytes = isResourceQuantity(input) ? bytesOf(input) : undefined;
    // A suffix alone is nothing to Go, and to us none.
    if (bytes === undefined && !/\d/.test(input.replace(/[eE].*$/s, ""))) return "none";
    if ((bytes !== undefined) !== answer.ok) throw differ(String(bytes), question, answer);
    const value = isJsonObject(answer.value) ? String(answer.value["bytes"]) : "";
    if (bytes !== undefined && bytes < LARGEST && String(bytes) !== value)
      throw differ(String(bytes), question, answer);
    return bytes === undefined ? "none" : bytes < LARGEST ? "read" : "huge";
  },
);

const globs = comparedWithGo(
  "go-glob",
  fc
    .record({
      input: words(["*", "?", "[a-c]", "[^a]", "[", "]", "\\", "-", "^", "a", "b", "[a-]", "[\\]]"], 7),
      text: letters("abc-^]*[", 0, 6),
    })
    // A label of a host has no slash, and is ASCII.
    .map(({ input, text }): Question => ({ kind: "glob", input: input.replace(/[^ -.0-~]/g, "x"), text })),
  (question, answer) => {
    const isMatch = matchesGlob(question.input, question.text ?? "");
    if (isMatch !== (answer.ok && answer.value === true)) throw differ(isMatch, question, answer);
    return isMatch ? "matches" : "does not match";
  },
);

const HEX = "0123456789abcdef".repeat(4);
const images = comparedWithGo(
  "go-image",
  of(
    "image",
    words(
      [
        "docker.io/",
        "registry.example.com",
        "localhost",
        ":5000",
        "/",
        "app",
        "team",
        "UPPER",
        "a__b",
        "a--b",
        ".",
        "-",
        "_",
        ":1",
        ":",
        "@",
        `@sha256:${HEX}`,
        "[::1]",
        "10.0.0.1",
        "index.docker.io/",
        "library/",
      ],
      6,
    ),
  ),
  (question, answer) => {
    const { input } = question;
    const reading = read(() => parseImageName(input));
    // Longer than a node would take them, or by an algorithm that no registry has.
    if (input.length > 1024 || input.includes("sha384:")) return "left out";
    // What looks like a host and can be none is a path to Go, of no registry.
    const isNowhere = isJsonObject(answer.value) && answer.value["domain"] === "";
    if (reading.ok !== (answer.ok && !isNowhere)) throw differ(reading, question, answer);
    if (reading.ok && !Bun.deepEquals({ ...reading.value }, answer.value))
      throw differ(reading.value, question, answer);
    return reading.ok ? "read" : "none";
  },
);

const scalars = comparedWithGo(
  "go-yaml",
  of(
    "yaml",
    letters("0123456789abefnoxyYNBOXE._+-:~=", 1, 6).map((scalar) => `- ${scalar}\n`),
  ),
  (question, answer) => {
    const reading = read(() => parseYaml(question.input, "text", "manifest_invalid"));
    if (reading.ok !== answer.ok) {
      // JSON has neither infinity nor what is no number; Go's own words for that are others.
      if (answer.ok || !/nan|inf/i.test(question.input)) throw differ(reading, question, answer);
      return "neither";
    }
    const value: JsonValue | undefined = reading.ok ? reading.value[0]?.value : null;
    // A number as a key is written as a float of Go's.
    if (Array.isArray(answer.value) && isJsonObject(answer.value[0])) return "a key";
    // JSON has no -0.
    if (JSON.stringify(value) !== JSON.stringify(answer.value)) throw differ(value, question, answer);
    return Array.isArray(value) ? typeof value[0] : "none";
  },
);

const ANSWER = [
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 404\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 2\r\n",
  "Transfer-Encoding: chunked\r\n",
  "\r\n",
  "hello",
  "5\r\nhello\r\n",
  "1;a=b\r\nx\r\n",
  "0\r\n",
  "0\r\n\r\n",
  "A: b\r\n",
  "Connection: close\r\n",
  "HTTP/1.0 200 OK\r\n",
  " ",
  "5",
  "\r",
  "\n",
];
const httpAnswers = comparedWithGo(
  "go-http-answer",
  of(
    "answer",
    fc
      .tuple(fc.constantFrom("HTTP/1.1 200 OK\r\n", ""), words(ANSWER, 9))
      .map((parts) => parts.join("").replace(/[^\0-~]/g, "~")),
  ),
  (question, answer) => {
    const reading = read(() => parseAnswer(Buffer.from(question.input, "latin1"), true));
    if (!reading.ok || reading.value === undefined) return answer.ok ? "refused, and taken by Go" : "refused";
    const { status, body, reusable } = reading.value;
    // In HTTP/1.0 there is none: RFC 9112, 6.1, and Go does not look at it.
    if (/^HTTP\/1\.0/.test(question.input) && /^transfer-encoding/im.test(question.input)) return "faulty";
    const hasTrailers = /^transfer-encoding/im.test(question.input) && !reusable;
    // Nothing of ours is in trailers: they are not read, nor waited for.
    if (!answer.ok && hasTrailers) return "read before its trailers";
    const { status: theirs, body: content } = isJsonObject(answer.value) ? answer.value : {};
    if (!answer.ok || status !== theirs || body !== content) throw differ({ status, body }, question, answer);
    return "read";
  },
);

export const goTargets = [booleans, durations, quantities, globs, images, scalars, httpAnswers];
