/** The pages' blocks are found, and none is one that no test holds. */
import { describe, expect, test } from "bun:test";
import { parseBlocks } from "./blocks.ts";
import { checkOf } from "./checks.ts";
import { commandsOf, isShown } from "./commands.ts";
import { allBlocks, blocksOf, PAGES, placeOf } from "./pages.ts";

describe("a page's blocks", () => {
  const only = (markdown: string) => {
    const [block, ...rest] = parseBlocks("page.md", markdown);
    if (block === undefined || rest.length > 0) throw new Error("not one block");
    return block;
  };

  test("are found with their line, language and text, also within a list", () => {
    expect(only("# A\n\n- then\n  ```sh\n  a\n    b\n  ```\n")).toEqual({
      page: "page.md",
      line: 4,
      language: "sh",
      text: "a\n  b\n",
      mark: undefined,
    });
  });

  test("are marked by a sentence in front of them, in their section", () => {
    const block = "```sh\naws\n```\n";
    expect(only(`## A\n\nThen. It needs an AWS\naccount. Do:\n\n${block}`).mark).toBe(
      "It needs an AWS account",
    );
    expect(only(`## A\n\n${block}\nThat needs an AWS account.\n`).mark).toBeUndefined();
    expect(only(`## A\n\nThat needs an AWS account.\n\n## B\n\n${block}`).mark).toBeUndefined();
  });

  test("are marked by a sentence in the page's head, if that speaks of all of them", () => {
    const page = (sentence: string) => only(`# A\n\n${sentence}.\n\n## B\n\n\`\`\`sh\naws\n\`\`\`\n`).mark;
    expect(page("Every command on this page needs an AWS account")).toBeDefined();
    expect(page("That needs an AWS account")).toBeUndefined();
  });

  test("without an end are no blocks", () => {
    expect(() => parseBlocks("page.md", "```sh\na\n")).toThrow("page.md:1");
  });
});

test.each(["README.md", "charts/piggy-webhooks/README.md"])(
  "the install of %s says what it needs, and is run",
  (page) => {
    const installs = blocksOf(page).filter(({ text }) => text.startsWith("helm "));
    expect(installs.map((block) => [block.mark !== undefined, checkOf(block)])).toEqual([[true, "cluster"]]);
  },
);

describe("a terminal", () => {
  const block = { page: "page.md", line: 1, language: "console", mark: undefined };

  test("shows commands and what they print", () => {
    expect(commandsOf({ ...block, text: "$ a \\\n>   b\n> is\n$ c\nd\n> e\n" })).toEqual([
      { text: "a \\\n  b\nis\n", output: "" },
      { text: "c\n", output: "d\n> e\n" },
    ]);
  });

  test.each([
    ["a\nb\n", "a\nb", true],
    ["a\n⋯\nz\n", "a\nb\nc\nz\n", true],
    ["a ⋯ c\n", "a b c   \n", true],
    ["a.c\n", "abc\n", false],
    ["a\n", "a\nb\n", false],
    ["", "a\n", false],
  ])("%j shows %j: %p", (shown, printed, expected) => {
    expect(isShown(shown, printed)).toBe(expected);
  });
});

describe.each(PAGES)("%s", (page) => {
  test("has no block that no test holds", () => {
    const loose = allBlocks.filter((block) => block.page === page && checkOf(block) === undefined);
    expect(loose.map(placeOf)).toEqual([]);
  });
});
