import { describe, expect, test } from "bun:test";
import { argvDigest, argvSignature } from "../lib/signature.ts";
import signatures from "./vectors/signatures.json";

describe("the SHA-256 of an argv", () => {
  test.each(signatures)("joined by spaces and trimmed: $name", ({ argv, signature }) => {
    expect(argvSignature(argv)).toBe(signature);
  });

  test.each(signatures)("each element ended by NUL: $name", ({ argv, digest }) => {
    expect(argvDigest(argv)).toBe(digest);
  });

  test("the digest tells apart what the signature cannot", () => {
    for (const [one, other] of [
      [["a b"], ["a", "b"]],
      [["a", ""], ["a"]],
      [[" a"], ["a"]],
    ] as const) {
      expect(argvSignature(one)).toBe(argvSignature(other));
      expect(argvDigest(one)).not.toBe(argvDigest(other));
    }
  });
});
