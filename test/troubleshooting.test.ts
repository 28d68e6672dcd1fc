/** docs/troubleshooting.md has every code, with what it means and what to do, and the status that it is answered with. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { statusOf } from "../lib/http/status.ts";

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), "utf8");

const page = read("docs/troubleshooting.md");

const source = [...read("lib/error.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(([, code = ""]) => code);
const rows = [...page.matchAll(/^\| `(\w+)` \|(?: (\d{3}) \|)?(.*)\|$/gm)].map(
  ([, code = "", status, rest = ""]) => ({
    code,
    status,
    cells: rest.split("|").map((cell) => cell.trim()),
  }),
);

test("the codes are found in the source", () => {
  expect(source.length).toBeGreaterThan(50);
  expect(source).toContain("aws_throttled");
});

test("each is in one row, and each row is one of them", () => {
  expect(rows.map(({ code }) => code).sort()).toEqual([...source].sort());
});

describe("each row", () => {
  test.each(rows.map((row) => [row.code, row] as const))(
    "of %s says what it means and what to do",
    (_code, row) => {
      expect(row.cells).toHaveLength(2);
      for (const cell of row.cells) expect(cell).toMatch(/^.{15,}\.$|^Correct it\.$/);
    },
  );

  test.each(rows.flatMap(({ code, status }) => (status === undefined ? [] : [[code, status] as const])))(
    "of %s has the status of its answer: %s",
    (name, status) => {
      const code = CODES.get(name);
      if (code === undefined) throw new Error(`${name} is no code`);
      expect(Number(status)).toBe(BESIDE_VALUES.has(name) ? 200 : statusOf(code));
    },
  );
});

/** Faults of single references: the answer is 200, and holds what the others stand for. */
const BESIDE_VALUES = new Set(["reference_invalid", "reference_unresolved", "key_ambiguous"]);

type ErrorCode = Parameters<typeof statusOf>[0];
const isCode = (code: string): code is ErrorCode => source.includes(code);
const CODES = new Map<string, ErrorCode>(
  source.flatMap((code) => (isCode(code) ? [[code, code] as const] : [])),
);

test("each reason of an Event is named, and none that there is not", () => {
  const reasons = [...read("lib/secrets/notice.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(
    ([, reason]) => reason,
  );
  expect(reasons.length).toBeGreaterThan(4);
  const [, events = ""] = page.split("\n## Events\n");
  const named = [...events.matchAll(/`(Secrets?[A-Z]\w+)`/g)].map(([, reason]) => reason);
  expect(named.sort()).toEqual(reasons.sort());
});
