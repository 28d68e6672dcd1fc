import { describe, expect, test } from "bun:test";
import { PiggyError } from "../../lib/error.ts";
import { isStoreEntry, parseStoreEntry } from "../../lib/reference/store-entry.ts";
import vectors from "../vectors/store-entries.json";

describe("a reference to a store entry", () => {
  test.each(vectors.valid.map(({ key, ...entry }) => [key, entry] as const))("%s", (key, entry) => {
    expect(isStoreEntry(key)).toBe(true);
    expect<unknown>(parseStoreEntry(key)).toEqual(entry);
  });

  test.each(vectors.invalid)("%s is refused", (key) => {
    expect(isStoreEntry(key)).toBe(true);
    let thrown: unknown;
    try {
      parseStoreEntry(key);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof PiggyError)) throw new Error("it was read");
    expect(thrown.code).toBe("reference_invalid");
  });

  test.each(["KEY", "/KEY", "", "sm//x"])("%j is none", (key) => expect(isStoreEntry(key)).toBe(false));
});
