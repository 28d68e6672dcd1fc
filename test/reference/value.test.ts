import { describe, expect, test } from "bun:test";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { formatEmbedded, type Part, parseEmbedded, parseValue } from "../../lib/reference/value.ts";
import vectors from "../vectors/reference-values.json";

describe("a value", () => {
  test.each(vectors)("$name", ({ value, parts }) => {
    expect<unknown>(parseValue(value)).toEqual(parts ?? undefined);
  });
});

/** Texts that are likely to come near the notation. */
const text = array(oneof(constantFrom("$", "{", "}", ":", "-", "piggy:", "${piggy:", "a"), string())).map(
  (words) => words.join(""),
);
const key = text.filter((word) => !/[}]|:-/.test(word) && !word.endsWith(":"));
const fallback = text.filter((word) => !word.includes("}"));
const part = oneof(
  text.filter((word) => word !== ""),
  key.map((name): Part => ({ key: name })),
  array(fallback, { minLength: 2, maxLength: 2 }).map(
    ([name = "", word = ""]): Part => ({ key: name.replaceAll(":", ""), fallback: word }),
  ),
);

/** Neighbouring texts are one. */
function joined(parts: readonly Part[]): readonly Part[] {
  const all: Part[] = [];
  for (const next of parts) {
    const last = all.at(-1);
    if (typeof next === "string" && typeof last === "string") all.splice(-1, 1, last + next);
    else all.push(next);
  }
  return all;
}

describe("whatever is written", () => {
  test("is read back", () => {
    assert(
      property(array(part), (parts) => {
        expect(parseEmbedded(formatEmbedded(joined(parts)))).toEqual([...joined(parts)]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is read as something, and the same when it is written again", () => {
    assert(
      property(text, (word) => {
        const parts = parseEmbedded(word);
        expect(parseEmbedded(formatEmbedded(parts))).toEqual([...parts]);
      }),
      { numRuns: 2_000 },
    );
  });
});
