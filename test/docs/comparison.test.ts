/** docs/comparison.md says of other projects only what a page says, and which. */
import { describe, expect, test } from "bun:test";
import { readSections } from "./markdown.ts";

const OURS = "Piggy for Bun";

const rows = (await readSections("docs/comparison.md"))
  .flatMap(({ tables }) => tables)
  .flatMap(({ rows }) => rows);

test("projects are compared", () => {
  expect(rows.filter(([name]) => name === OURS)).toHaveLength(2);
  expect(rows.length).toBeGreaterThan(10);
});

describe("each cell has a source, of", () => {
  test.each(rows.filter(([name]) => name !== OURS).map(([name = "", ...cells]) => [name, cells] as const))(
    "%s",
    (_name, cells) => {
      for (const cell of cells) expect(cell).toMatch(/\]\(https:\/\/[^)]+\)/);
    },
  );
});
