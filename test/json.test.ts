/** What is read of an object, and not of what every object has. */
import { describe, expect, test } from "bun:test";
import { own } from "../lib/json.ts";

describe.each(Object.getOwnPropertyNames(Object.prototype))("the key %s", (name) => {
  test("of every object is not an object's own", () => {
    expect(own({}, name)).toBeUndefined();
  });

  test.each(['"text"', "{}", "null"])("is, where it is written: %s", (text) => {
    expect(own(JSON.parse(`{${JSON.stringify(name)}:${text}}`), name)).toEqual(JSON.parse(text));
  });
});
