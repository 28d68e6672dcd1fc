import { expect, test } from "bun:test";
import { array, assert, constantFrom, property } from "fast-check";
import { diffHunks } from "../../lib/explain/line-diff.ts";

const texts = array(constantFrom("a", "b", "c", "d"), { maxLength: 30 });

/** The text after, made of the text before and the hunks, as `patch` would. */
function patched(before: readonly string[], hunks: ReturnType<typeof diffHunks>): readonly string[] {
  const after: string[] = [];
  let at = 0;
  for (const hunk of hunks) {
    after.push(...before.slice(at, hunk.before - 1));
    at = hunk.before - 1;
    expect(after.length).toBe(hunk.after - 1);
    for (const { kind, text } of hunk.lines) {
      if (kind !== "added") expect(before[at++]).toBe(text);
      if (kind !== "removed") after.push(text);
    }
  }
  return [...after, ...before.slice(at)];
}

function longestCommon(one: readonly string[], other: readonly string[]): number {
  let row = other.map(() => 0);
  for (const text of one) {
    let [corner, left] = [0, 0];
    row = row.map((above, column) => {
      const length = text === other[column] ? corner + 1 : Math.max(above, left);
      corner = above;
      left = length;
      return length;
    });
  }
  return row.at(-1) ?? 0;
}

test("the hunks make the one text of the other, with as few lines as can be, three of context around", () => {
  assert(
    property(texts, texts, (before, after) => {
      const hunks = diffHunks(before, after);
      expect(patched(before, hunks)).toEqual(after);
      const changes = hunks.flatMap(({ lines }) => lines).filter(({ kind }) => kind !== "kept");
      expect(changes.length).toBe(before.length + after.length - 2 * longestCommon(before, after));
    }),
  );
});

test("lines far from a change are left out", () => {
  const before = Array.from({ length: 20 }, (_, index) => String(index));
  const [hunk, ...others] = diffHunks(before, before.with(10, "x"));
  expect(others).toEqual([]);
  expect(hunk?.before).toBe(8);
  expect(hunk?.lines.map(({ text }) => text)).toEqual(["7", "8", "9", "10", "x", "11", "12", "13"]);
});

test("texts that have nothing in common are replaced whole, however long", () => {
  const [before, after] = ["a", "b"].map((text) => Array.from({ length: 3_000 }, () => text));
  const [hunk] = diffHunks(before ?? [], after ?? []);
  expect(hunk?.lines).toHaveLength(6_000);
});
