/** What registries say in headers: WWW-Authenticate and Retry-After. */
import fc from "fast-check";
import { answerable, parseChallenges } from "../../../lib/registry/challenge.ts";
import { parseRetryAfter } from "../../../lib/registry/retry-after.ts";
import { letters, near } from "../near.ts";
import { target } from "../target.ts";

const token = letters("abcXYZ019-_", 1, 8);
const space = fc.constantFrom("", " ", "  ", "\t");
const challenge = fc.record({
  scheme: fc.oneof(fc.constantFrom("Bearer", "basic", "NEGOTIATE"), token),
  parameters: fc.uniqueArray(
    fc.record({
      name: token.map((name) => name.toLowerCase()),
      value: fc.oneof(
        letters("abc019-._~+/:", 1, 8),
        fc.string({ unit: fc.constantFrom(...'ab ,="\\/:é'), maxLength: 8 }),
      ),
      isQuoted: fc.boolean(),
      before: space,
      after: space,
    }),
    { maxLength: 4, selector: ({ name }) => name },
  ),
});
type Made = typeof challenge extends fc.Arbitrary<infer T> ? T : never;

function written({ scheme, parameters }: Made): string {
  const texts = parameters.map(({ name, value, isQuoted, before, after }) => {
    const isPlain = !isQuoted && /^[^\s,="\\]+$/.test(value);
    return `${name}${before}=${after}${isPlain ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`;
  });
  return parameters.length === 0 ? scheme : `${scheme} ${texts.join(", ")}`;
}

const some = fc.array(challenge, { maxLength: 3 });

export const challengeFields = target({
  name: "challenge-fields",
  inputs: some,
  check(given) {
    const parsed = parseChallenges(given.map(written).join(", ")).map(({ scheme, parameters }) => ({
      scheme,
      parameters: [...parameters],
    }));
    const expected = given.map(({ scheme, parameters }) => ({
      scheme: scheme.toLowerCase(),
      parameters: parameters.map(({ name, value }) => [name, value]),
    }));
    if (!Bun.deepEquals(parsed, expected)) throw new Error(`it is ${JSON.stringify(parsed)}`);
    return `${given.length} challenges`;
  },
});

const GRAMMAR = [
  "Bearer ",
  "Basic",
  "realm=",
  '"https://auth.example.com/token"',
  ",",
  " ",
  "=",
  '"',
  "\\",
  'service="a"',
  "Negotiate TlRMTVNTUAAB==",
  "a=b",
];

export const challenges = target({
  name: "challenge",
  inputs: near(
    GRAMMAR,
    some.map((all) => all.map(written).join(", ")),
  ),
  check(header) {
    const parsed = parseChallenges(header);
    for (const { scheme, parameters } of parsed) {
      if (scheme === "" || scheme !== scheme.toLowerCase()) throw new Error(`a scheme is ${scheme}`);
      for (const [name, value] of parameters) {
        if (name === "" || value.length > header.length) throw new Error(`a parameter is ${name}=${value}`);
      }
    }
    const kept = answerable(parsed).map(({ scheme }) => scheme);
    if (kept.length > parsed.length || kept.join().includes("basic,bearer"))
      throw new Error("a password is shown before a token");
    const [first] = parsed;
    return first === undefined
      ? "none"
      : `${Math.min(parsed.length, 4)}, ${Math.min(first.parameters.size, 3)} in the first`;
  },
});

const NOW = Date.UTC(2026, 10, 28);
const date = fc
  .integer({ min: -1e6, max: 1e6 })
  .map((seconds) => new Date(NOW + seconds * 1_000).toUTCString());

export const retryAfter = target({
  name: "retry-after",
  inputs: near(
    [
      "120",
      "Fri",
      "Sat, ",
      "28 Nov 2026 ",
      "00:00:00",
      " GMT",
      "+0100",
      "-1",
      "1.5",
      "Jan 1",
      "9".repeat(9),
      "9".repeat(10),
    ],
    date,
  ),
  check(header) {
    const milliseconds = parseRetryAfter(header, NOW);
    if (milliseconds === undefined) return "nothing";
    if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) throw new Error(`it is ${milliseconds}`);
    if (/^\d+$/.test(header) && milliseconds !== Number(header) * 1_000)
      throw new Error("seconds are not seconds");
    const at = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(header)
      ? Date.parse(header)
      : Number.NaN;
    if (!Number.isNaN(at) && milliseconds !== Math.max(0, at - NOW)) throw new Error("a date is another");
    return milliseconds === 0 ? "at once" : "later";
  },
});
