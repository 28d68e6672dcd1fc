import { expect, test } from "bun:test";
import { matchesGlob } from "../../lib/registry/glob.ts";
import globs from "../vectors/globs.json";

test.each(globs)("whether $pattern matches $text: $matches", ({ pattern, text, matches }) => {
  expect(matchesGlob(pattern, text)).toBe(matches);
});

test("a pattern of many stars is told from a long name, though there is no end of places for them", () => {
  expect(matchesGlob("*a".repeat(500), `${"a".repeat(499)}b`.repeat(2))).toBe(false);
});
