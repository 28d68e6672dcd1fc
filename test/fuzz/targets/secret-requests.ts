/** POST /secret: tokens, bodies, and the header that says why something has no value. */
import fc from "fast-check";
import { PiggyError } from "../../../lib/error.ts";
import { parseUnresolved } from "../../../lib/injector/unresolved.ts";
import { isJsonObject, parseJson } from "../../../lib/json.ts";
import { formatUnresolved } from "../../../lib/secrets/unresolved.ts";
import { isOwnVariable } from "../../../lib/variables.ts";
import { damaged, letters, words } from "../near.ts";
import { HUSH } from "../read.ts";
import { target } from "../target.ts";
import { fuzzedWebhook } from "../webhook.ts";

const STATUSES = [400, 401, 403, 429, 503];
const encoded = (text: string) => Buffer.from(text).toString("base64url");

/** A header holds no line's end, and nothing beyond latin1. */
const inHeader = (text: string) => text.replace(/[^ -~]/g, "").trim();

async function ask(token: string, body: string): Promise<string> {
  const { status, code, body: text, logged } = await fuzzedWebhook().secret(token, body);
  if (/internal error|request failed/.test(text + logged)) throw new Error(`it fails: ${logged}`);
  if (logged.includes(HUSH)) throw new Error(`a value or a token is logged: ${logged}`);
  if (token.length > 20 && (text + logged).includes(token)) throw new Error("the token is told");
  if (status !== 200) {
    if (!STATUSES.includes(status) || code === undefined || text.includes(HUSH))
      throw new Error(`it is answered with ${status} ${text}`);
    return `${status} ${code}`;
  }
  const asked = parseJson(body);
  const list = isJsonObject(asked) ? asked["references"] : undefined;
  const references: readonly unknown[] = Array.isArray(list) ? list : [];
  const values = parseJson(text);
  if (!isJsonObject(values)) throw new Error(`it is answered with ${text}`);
  for (const [key, value] of Object.entries(values)) {
    if (!references.includes(key) || typeof value !== "string") throw new Error(`${key} was not asked for`);
    if (isOwnVariable(key)) throw new Error(`${key} is Piggy's own`);
  }
  return `200, ${Math.min(Object.keys(values).length, 2)} values`;
}

const CLAIMS = [
  '{"aud":',
  '["piggysec.com"]',
  '"piggysec.com"',
  ',"exp":',
  "4102444800",
  "0",
  "null",
  '{"toString":1,"valueOf":2}',
  "[]",
  '"a"',
  "}",
  '{"kubernetes.io":',
  '{"namespace":"shop","pod":{"name":"api","uid":"u-1"}}',
  "{",
  ",",
  '"iat":1',
];
const payload = fc.oneof(
  words(CLAIMS, 6),
  fc
    .record({
      aud: fc.constantFrom<unknown>("piggysec.com", ["piggysec.com"], ["a"], null, 1, {}, [["piggysec.com"]]),
      exp: fc.constantFrom<unknown>(
        4102444800,
        1,
        "4102444800",
        null,
        -1,
        1e308,
        {},
        { toString: 1, valueOf: 1 },
        [4102444800],
        true,
      ),
      "kubernetes.io": fc.constantFrom<unknown>(
        { namespace: "shop", pod: { name: "api", uid: "u-1" } },
        null,
        [],
        { namespace: 1 },
        { namespace: "shop", pod: [] },
        { namespace: "../..", pod: { name: "" } },
      ),
    })
    .map((claims) => JSON.stringify(claims)),
);
const jwt = fc
  .tuple(fc.constantFrom('{"alg":"RS256"}', "{}", "null", ""), payload, letters("abcABC019-_", 0, 10))
  .map(([header, claims, signature]) => `${encoded(header)}.${encoded(claims)}.${signature}`);
const BODY = JSON.stringify({
  resources: "pods",
  name: "api",
  uid: "0123456789abcdef0123456789abcdef",
  signature: "",
  references: ["PASSWORD"],
});

export const claims = target({
  name: "token",
  inputs: damaged(jwt, [".", "..", "="]).map(inHeader),
  check: (token) => ask(token, BODY),
});

const TOKEN = `${encoded('{"alg":"RS256"}')}.${encoded('{"aud":["piggysec.com"]}')}.${HUSH}aaaaaaaaaaaaaaaa`;
const GRAMMAR = [
  '{"',
  '"resources":"pods"',
  '"name":"api"',
  '"uid":',
  '"references":',
  "[",
  "]",
  "{",
  "}",
  ",",
  '"PASSWORD"',
  '"OTHER"',
  '"//sm/deep#/a/b"',
  "null",
  "1",
  '"constructor"',
  '"__proto__"',
  '{"toString":1}',
  '"PIGGY_ALLOWED_SA"',
  '"\\ud800"',
];
const body = fc
  .record({
    resources: fc.constantFrom<unknown>("pods", "pods", "pods", "pod", null, []),
    name: fc.constantFrom<unknown>("api", "api", "", "other", null, {}, ["api"]),
    uid: fc.constantFrom<unknown>(
      "0123456789abcdef0123456789abcdef",
      "0123456789abcdef0123456789abcdef",
      "",
      "constructor",
      null,
      1,
    ),
    signature: fc.constantFrom<unknown>("", "a", null, {}),
    references: fc.oneof(
      fc.array(
        fc.constantFrom<unknown>(
          "PASSWORD",
          "OTHER",
          "constructor",
          "__proto__",
          "PIGGY_ALLOWED_SA",
          "//sm/deep#/a/b",
          "//sm/deep#/PIGGY_ALLOWED_SA",
          "//sm/other",
          "//",
          "",
          null,
        ),
        { maxLength: 4 },
      ),
      fc.constantFrom<unknown>(null, "PASSWORD", {}, 1),
    ),
  })
  .map((fields) => JSON.stringify(fields));

export const secretRequests = target({
  name: "secret-request",
  inputs: fc.oneof(words(GRAMMAR), body, damaged(body, GRAMMAR)),
  check: (text) => ask(TOKEN, text),
});

const KEYS = ["A", "B", "//sm/a", "//sm/b", "__proto__", "é", "constructor"];
const failure = fc.record({
  key: fc.constantFrom(...KEYS),
  code: fc.constantFrom("reference_unresolved", "secret_not_found", "aws_throttled", "aws_error"),
  message: fc.string({ unit: "grapheme" }),
  times: fc.constantFrom(1, 1, 200),
} as const);
const GRAMMAR_OF_HEADER = [
  "e30",
  "{}",
  "eyJ",
  "=",
  "-",
  "_",
  encoded('{"A":'),
  encoded('{"code":"aws_error","message":"m"}}'),
  encoded('"//":1'),
];

export const unresolvedHeaders = target({
  name: "unresolved-header",
  inputs: fc.record({
    failures: fc.array(failure, { maxLength: 4 }),
    damage: fc.option(words(GRAMMAR_OF_HEADER, 6), { nil: undefined }),
  }),
  check({ failures, damage }) {
    const meant = new Map(
      failures.map(({ key, code, message, times }) => [
        key,
        new PiggyError(code, `m${message}`.repeat(times)),
      ]),
    );
    const header = damage ?? formatUnresolved(meant) ?? "";
    if (damage === undefined && header.length > 4096)
      throw new Error(`it is ${header.length} characters long`);
    const read = parseUnresolved(header, KEYS, new Map([["A", "a"]]));
    if (read.has("A")) throw new Error("what has a value has failed");
    if (damage !== undefined) return "damaged";
    let left = 0;
    for (const [key, { code, message }] of meant) {
      const told = read.get(key);
      if (key === "A") continue;
      if (told?.message === message && told.code === code) continue;
      left += 1;
    }
    if (left > 0 && failures.every(({ times }) => times === 1)) throw new Error(`${left} are not told`);
    return left > 0 ? "some told" : "all told";
  },
});
