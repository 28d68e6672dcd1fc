import { describe, expect, test } from "bun:test";
import { parseBoolean } from "../lib/boolean.ts";
import booleans from "./vectors/booleans.json";

describe("a Go boolean", () => {
  test.each(booleans.true)("%j is true", (text) => expect(parseBoolean(text)).toBe(true));
  test.each(booleans.false)("%j is false", (text) => expect(parseBoolean(text)).toBe(false));
  test.each(booleans.neither)("%j is neither", (text) => expect(parseBoolean(text)).toBeUndefined());
});
