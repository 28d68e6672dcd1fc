import { describe, expect, test } from "bun:test";
import { applyPatch } from "rfc6902";
import { diff, type Edited, editOf } from "../../lib/admission/json-patch.ts";
import { isJsonObject, type JsonValue } from "../../lib/json.ts";
import patches from "../vectors/patches.json";
import { createJsonGenerator } from "./json-generator.ts";

/** What another implementation makes of the patch. The diff of a whole document is applied below a root of its own. */
function applied(before: JsonValue, after: Edited): unknown {
  const document = { root: structuredClone(before) };
  const operations = diff(before, after, "/root").map((operation) => structuredClone(operation));
  expect(applyPatch(document, operations)).toEqual(operations.map(() => null));
  return document.root;
}

describe("a patch", () => {
  test.each(patches)("$name", ({ before, after, patch }) => {
    expect(applied(before, after)).toEqual(after);
    expect(diff(before, after)).toEqual(patch as ReturnType<typeof diff>);
  });

  test("turns any value into any other", () => {
    const generate = createJsonGenerator(20_240_229);
    for (let round = 0; round < 2_000; round += 1) {
      const [before, after] = [generate.value(4), generate.value(4)];
      expect(applied(before, after)).toEqual(after);
    }
  });

  test("turns any value into one that was changed here and there, and the unchanged one into itself by nothing", () => {
    const generate = createJsonGenerator(7);
    for (let round = 0; round < 2_000; round += 1) {
      const before = generate.value(5);
      const after = generate.changed(before);
      expect(applied(before, after)).toEqual(after);
      expect(diff(before, structuredClone(before))).toEqual([]);
    }
  });

  test("turns an object into what an edit makes of it, wherever that stands in a list", () => {
    const generate = createJsonGenerator(13);
    for (let round = 0; round < 500; round += 1) {
      const [one, other] = [
        { name: "one", a: generate.value(3), b: generate.value(3) },
        { name: "other", a: generate.value(3) },
      ];
      const [a, c] = [generate.value(3), generate.value(3)];
      const [edit, otherEdit] = [
        editOf(one, { a, b: undefined, c }),
        editOf(other, { a: editOf(other.a, { c }) }),
      ];
      const after = { name: "one", a, c };
      const otherAfter = { name: "other", a: { ...(isJsonObject(other.a) ? other.a : {}), c } };
      expect(applied(one, edit)).toEqual(after);
      expect(applied(other, edit)).toEqual(after);
      expect(applied([one, other], [edit, otherEdit])).toEqual([after, otherAfter]);
      expect(applied([one, other], [otherEdit, "between", edit])).toEqual([otherAfter, "between", after]);
      expect(applied([1], [edit])).toEqual([after]);
    }
  });

  test("leaves what it is given as it was", () => {
    const generate = createJsonGenerator(11);
    for (let round = 0; round < 200; round += 1) {
      const before = generate.value(4);
      const after = generate.changed(before);
      const copies = structuredClone([before, after]);
      diff(before, after);
      expect([before, after]).toEqual(copies);
    }
  });

  test("says nothing of an entry that is undefined, as JSON says nothing of it", () => {
    expect(diff({ a: 1 }, { a: 1, b: undefined })).toEqual([]);
    expect(diff({ a: 1, b: 2 }, { a: 1, b: undefined })).toEqual([{ op: "remove", path: "/b" }]);
  });

  test("of two long lists without a common entry is still one that is right", () => {
    const list = (prefix: string) =>
      Array.from({ length: 1_200 }, (_, index) => ({ name: `${prefix}${index}` }));
    expect(applied(list("a"), list("b"))).toEqual(list("b"));
  });
});
