import { describe, expect, test } from "bun:test";
import type { PiggyError } from "../../lib/error.ts";
import { planEntries } from "../../lib/reference/entry-plan.ts";
import { valuesOf } from "../../lib/reference/entry-value.ts";
import vectors from "../vectors/json-pointers.json";

/** What a reference to a secret of this content is, or the code of why it is nothing. */
function read(rest: string, content: string | Uint8Array): string | PiggyError["code"] | undefined {
  const key = `//sm/demo${rest}`;
  const [fetch] = planEntries([key], "eu-west-1").fetches;
  if (fetch === undefined) throw new Error(`${key} is no reference`);
  const { values, failures } = valuesOf(fetch, content);
  return values.get(key) ?? failures.get(key)?.code;
}

describe("a pointer into a secret's JSON", () => {
  test.each(vectors.found)("%s leads to %s", (pointer = "", value) => {
    expect(read(pointer, vectors.json)).toBe(value);
    expect(read(pointer, Buffer.from(vectors.json))).toBe(value);
  });

  test.each(vectors.missing)("%s leads nowhere", (pointer) => {
    expect(read(pointer, vectors.json)).toBe("reference_unresolved");
  });

  test("may be for the whole of it", () => {
    expect(read("#", " [1, 2.0] ")).toBe("[1,2.0]");
    expect(read("#", "12345678901234567890")).toBe("12345678901234567890");
    expect(read("#", '"text"')).toBe("text");
    expect(read("#", "null")).toBe("reference_unresolved");
  });

  test.each(["", "text", "{", "[1]x", `${"[".repeat(60_000)}${"]".repeat(60_000)}`, "\u{feff}{}"])(
    "leads nowhere in what is no JSON: %.10s",
    (content) => expect(read("#/0", content)).toBe("secret_not_keyed"),
  );

  test("leads nowhere in bytes that are no text", () => {
    expect(read("#/a", Buffer.from('{"a":"\xff"}', "latin1"))).toBe("secret_not_keyed");
  });

  test("may be for base64 of what it leads to", () => {
    expect(read("?encoding=base64#/a", '{"a":"ü"}')).toBe("w7w=");
    expect(read("?encoding=base64#/a", '{"a":"\\ud800"}')).toBe("secret_not_text");
  });
});

describe("without a pointer", () => {
  test("a text is taken as it is", () => {
    for (const text of ["", " {} \n", "\u{feff}x"]) expect(read("", text)).toBe(text);
  });

  test("bytes are taken as text, a byte order mark included", () => {
    expect(read("", Buffer.from("\u{feff}ключ 🔑"))).toBe("\u{feff}ключ 🔑");
  });

  test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]]])("bytes that are no UTF-8 are not: %j", (bytes) => {
    expect(read("", Uint8Array.from(bytes))).toBe("secret_not_text");
    expect(read("?encoding=base64", Uint8Array.from(bytes))).toBe(Buffer.from(bytes).toString("base64"));
  });
});
