import { describe, expect, test } from "bun:test";
import { formatReference, parseReference } from "../../lib/reference/reference.ts";
import references from "../vectors/references.json";

describe("a reference", () => {
  test.each(references)("$name", ({ value, key }) => {
    expect(parseReference(value)).toEqual(key === null ? undefined : { key });
  });

  test("is told of as it stands in a manifest", () => {
    expect(formatReference({ key: "TEST_ENV" })).toBe("piggy:TEST_ENV");
  });
});
