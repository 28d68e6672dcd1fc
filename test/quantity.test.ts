import { describe, expect, test } from "bun:test";
import { billionthsOf, bytesOf, formatBytes, isResourceQuantity, isSameQuantity } from "../lib/quantity.ts";
import quantities from "./vectors/quantities.json";

describe("a quantity that a resource may have", () => {
  test.each(quantities.valid)("%j is one", (text) => expect(isResourceQuantity(text)).toBe(true));
  test.each(quantities.invalid)("%j is none", (text) => expect(isResourceQuantity(text)).toBe(false));
});

describe("what it comes to", () => {
  const billionths = quantities.billionths.map(([text = "", amount = ""]) => [text, amount] as const);
  test.each(billionths)("%j is %s billionths", (text, amount) => {
    expect(billionthsOf(text)).toBe(BigInt(amount));
  });

  test.each(quantities.invalid)("%j is nothing", (text) => expect(billionthsOf(text)).toBeUndefined());

  test("an exponent that nobody could store is soon worked out", () => {
    expect(billionthsOf("1e9999999999999999")).toBeGreaterThan(2n ** 64n);
    expect(billionthsOf("1e-9999999999999999")).toBe(1n);
  });

  test.each([
    ["1000m", "1"],
    ["1024Mi", "1Gi"],
    ["0.2", "200m"],
  ])("%s is the same as %s", (one, other) => expect(isSameQuantity(one, other)).toBe(true));

  test.each([
    ["1M", "1Mi"],
    ["lots", "lots"],
  ])("%s is not the same as %s", (one, other) => expect(isSameQuantity(one, other)).toBe(false));
});

describe("bytes", () => {
  const bytes = quantities.bytes.map(([amount = "", text = ""]) => [amount, text] as const);
  test.each(bytes)("%s of them are %s", (amount, text) => expect(formatBytes(BigInt(amount))).toBe(text));

  test("of a quantity are whole, rounded up", () => {
    expect(bytesOf("1.1Ki")).toBe(1127n);
    expect(bytesOf("1500m")).toBe(2n);
  });
});
