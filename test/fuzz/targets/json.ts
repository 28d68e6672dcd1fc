/** JSON that keeps the digits of its numbers, against the one that does not. */
import fc from "fast-check";
import { secretValues } from "../../../lib/aws/secret-values.ts";
import { exactText, isExactObject, parseExactJson } from "../../../lib/exact-json.ts";
import { valuesOf } from "../../../lib/reference/entry-value.ts";
import { parseStoreEntry } from "../../../lib/reference/store-entry.ts";
import { isOwnVariable } from "../../../lib/variables.ts";
import { damaged, letters, words } from "../near.ts";
import { HUSH, read, reasonOf } from "../read.ts";
import { target } from "../target.ts";

/** A value as it is written; its members keep their order, which JavaScript's do not where a name is a number. */
type Written =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "list"; readonly members: readonly Written[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Written])[] };

const number = fc.oneof(
  fc.constantFrom(
    "0",
    "-0",
    "1.0",
    "1e5",
    "1E+400",
    "-1.50e-7",
    "12345678901234567890",
    "0.1000",
    "1e999999",
  ),
  letters("123456789", 1, 40),
);
const scalar = fc
  .oneof(
    fc.constantFrom("null", "true", "false"),
    number,
    fc.string().map((text) => JSON.stringify(text)),
  )
  .map((text): Written => ({ kind: "text", text }));
const key = fc.constantFrom(
  "a",
  "b",
  "",
  "__proto__",
  "constructor",
  "toJSON",
  "rawJSON",
  "valueOf",
  "é",
  "a/b",
  "~",
);
const { value: written } = fc.letrec<{ value: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }).map((members): Written => ({ kind: "list", members })),
    fc
      .uniqueArray(fc.tuple(key, tie("value")), { maxLength: 4, selector: ([name]) => name })
      .map((members): Written => ({ kind: "object", members })),
  ),
}));

function textOf(value: Written, space: string): string {
  if (value.kind === "text") return value.text;
  const members =
    value.kind === "list"
      ? value.members.map((member) => textOf(member, space))
      : value.members.map(
          ([name, member]) => `${JSON.stringify(name)}${space}:${space}${textOf(member, space)}`,
        );
  const [open, close] = value.kind === "list" ? "[]" : "{}";
  return `${open}${space}${members.join(`${space},${space}`)}${space}${close}`;
}

export const exactJsonTexts = target({
  name: "exact-json-text",
  inputs: fc.record({ value: written, space: fc.constantFrom("", " ", "\n\t ") }),
  check({ value, space }) {
    const text = exactText(parseExactJson(textOf(value, space)));
    const compact = textOf(value, "");
    const expected = compact === "null" ? undefined : compact.startsWith('"') ? JSON.parse(compact) : compact;
    if (text !== expected) throw new Error(`${JSON.stringify(text)}, and not ${JSON.stringify(expected)}`);
    return value.kind;
  },
});

const GRAMMAR = [
  '{"',
  '":',
  "{",
  "}",
  "[",
  "]",
  ",",
  '"',
  "1",
  "1e400",
  "-0",
  "null",
  "true",
  '"a":1',
  '"__proto__":',
  "[".repeat(50),
  '{"a":'.repeat(50),
  " ",
];
const deep = fc.nat({ max: 5_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth));

function plainly(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

export const exactJson = target({
  name: "exact-json",
  inputs: fc.oneof(
    words(GRAMMAR),
    damaged(
      written.map((value) => textOf(value, "")),
      GRAMMAR,
    ),
    damaged(deep),
  ),
  check(text) {
    const exact = parseExactJson(text);
    const plain = plainly(text);
    if (exact !== undefined && plain === undefined) throw new Error("it is no JSON, and is read");
    const asText = exactText(exact);
    if (exact === undefined) {
      // What nests deeper than can be followed is none; nobody's secret does.
      if (plain !== undefined && text.length < 500) throw new Error("it is JSON, and is not read");
      return plain === undefined ? "no JSON" : "too deep";
    }
    if (
      exact !== null &&
      typeof exact !== "string" &&
      JSON.stringify(JSON.parse(asText ?? "")) !== JSON.stringify(plain?.value)
    ) {
      throw new Error(`it becomes ${asText}`);
    }
    return isExactObject(exact)
      ? "an object"
      : exact === null
        ? "null"
        : Array.isArray(exact)
          ? "a list"
          : typeof exact;
  },
});

const LOCATION = { kind: "secret", name: "shop/api", region: "eu-west-1", version: "AWSCURRENT" } as const;

export const secretTexts = target({
  name: "secret-text",
  inputs: damaged(
    fc
      .dictionary(
        fc.oneof(key, fc.constant("PIGGY_ALLOWED_SA")),
        fc.oneof(fc.constant(HUSH), fc.jsonValue({ maxDepth: 2 })),
      )
      .map((object) => JSON.stringify(object)),
    GRAMMAR,
  ),
  check(text) {
    const reading = read(() => secretValues({ text }, LOCATION));
    const bytes = read(() => secretValues({ bytes: Buffer.from(text) }, LOCATION));
    const plain = plainly(text)?.value;
    const isObject = typeof plain === "object" && plain !== null && !Array.isArray(plain);
    if (
      reading.ok !== isObject ||
      (text.isWellFormed() && !text.startsWith("\ufeff") && bytes.ok !== isObject)
    )
      throw new Error("it is and is not an object");
    if (!reading.ok) return reasonOf(reading);
    const names = Object.entries(plain ?? {}).flatMap(([name, value]) => (value === null ? [] : [name]));
    if ([...reading.value.keys()].sort().join("\n") !== names.sort().join("\n"))
      throw new Error("a key is lost");
    return `${Math.min(names.length, 3)} keys`;
  },
});

const POINTERS = [
  "#/",
  "a",
  "/",
  "~0",
  "~1",
  "b",
  "0",
  "-",
  "PIGGY_ALLOWED_SA",
  "__proto__",
  "constructor",
  "length",
  "rawJSON",
  "?encoding=base64",
  "",
];

/** By following it in what JSON.parse makes. */
function pointedAt(value: unknown, pointer: readonly string[]): unknown {
  return pointer.reduce<unknown>((at, segment) => {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, segment)) return undefined;
    if (Array.isArray(at) && !/^(0|[1-9]\d*)$/.test(segment)) return undefined;
    const member: unknown = Reflect.get(at, segment);
    return member;
  }, value);
}

export const pointers = target({
  name: "json-pointer",
  inputs: fc.record({ text: written.map((value) => textOf(value, "")), pointer: words(POINTERS, 5) }),
  check({ text, pointer }) {
    const reference = `//sm/prod/db#/${pointer}`;
    const parsed = read(() => parseStoreEntry(reference));
    if (!parsed.ok) return reasonOf(parsed);
    const entry = parsed.value;
    if (entry.kind !== "secret") throw new Error("it is no secret");
    const location = { kind: "secret", name: "prod/db", region: "eu-west-1" } as const;
    const { values, failures } = valuesOf({ location, wanted: [{ key: reference, entry }] }, text);
    if (values.size + failures.size !== 1) throw new Error("it has a value and none");
    const expected = isOwnVariable(entry.pointer?.[0] ?? "")
      ? undefined
      : pointedAt(JSON.parse(text), entry.pointer ?? []);
    const value = values.get(reference);
    if ((value === undefined) !== (expected === undefined || expected === null))
      throw new Error(`${value} stands at ${pointer}`);
    if (typeof expected === "string" && value !== expected) throw new Error(`${value} and not ${expected}`);
    return value === undefined ? "nothing" : typeof expected;
  },
});
