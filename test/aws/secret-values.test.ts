import { describe, expect, test } from "bun:test";
import { secretValues } from "../../lib/aws/secret-values.ts";
import type { SecretLocation } from "../../lib/aws/store.ts";
import { PiggyError } from "../../lib/error.ts";
import vectors from "../vectors/aws-secret-values.json";

const location: SecretLocation = {
  kind: "secret",
  name: "demo/app",
  version: "AWSCURRENT",
  region: "eu-west-1",
};

interface Vector {
  readonly name: string;
  readonly text?: string;
  readonly base64?: string;
}

const read = ({ text, base64 }: Vector) =>
  secretValues({ text, bytes: base64 === undefined ? undefined : Buffer.from(base64, "base64") }, location);

describe("a secret that is a JSON object gives", () => {
  test.each(vectors.keyed.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    const { values } = vector;
    const expected = Array.isArray(values) ? values : Object.entries(values);
    expect(Object.fromEntries(read(vector))).toEqual(Object.fromEntries(expected));
    expect(read(vector).size).toBe(expected.length);
  });
});

const refused = [
  ...vectors.notKeyed.map((vector) => ["secret_not_keyed", vector.name, vector] as const),
  ...vectors.notText.map((vector) => ["secret_not_text", vector.name, vector] as const),
];

describe("a secret has no keys", () => {
  test.each(refused)("by %s when it is %s", (code, _name, vector) => {
    let thrown: unknown;
    try {
      read(vector);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof PiggyError)) throw new Error("it was read");
    expect(thrown.code).toBe(code);
    expect(thrown.message).toContain("demo/app in eu-west-1");
    expect(thrown.message).not.toContain("hunter2");
    expect(thrown.message).not.toContain("48151623");
  });
});
