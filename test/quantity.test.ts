import { describe, expect, test } from "bun:test";
import { isResourceQuantity } from "../lib/quantity.ts";
import quantities from "./vectors/quantities.json";

describe("a quantity that a resource may have", () => {
  test.each(quantities.valid)("%j is one", (text) => expect(isResourceQuantity(text)).toBe(true));
  test.each(quantities.invalid)("%j is none", (text) => expect(isResourceQuantity(text)).toBe(false));
});
