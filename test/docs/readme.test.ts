/** What README.md shows of `npm test` is what a run of tests ends with. */
import { setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { follow } from "./follow.ts";
import { blocksOf, ROOT } from "./pages.ts";
import { plainEnvironment, startSession } from "./session.ts";

setDefaultTimeout(60_000);

/** As among all there are, one is skipped. */
const TESTS = `
import { expect, test } from "bun:test";
test("passes", () => expect(1).toBe(1));
test.skip("is skipped", () => {});
`;

test("npm test ends as README.md shows it", async () => {
  const block = blocksOf("README.md").find(({ text }) => text.startsWith("$ npm test\n"));
  if (block === undefined) throw new Error("README.md does not show it");
  const folder = await mkdtemp(join(tmpdir(), "piggy-tests-"));
  const session = await startSession(ROOT, plainEnvironment());
  try {
    const files = ["a", "b"].map((name) => join(folder, `${name}.test.ts`));
    for (const file of files) await writeFile(file, TESTS);
    const text = block.text.replace(
      "npm test\n",
      `npm test -- ${files.map((file) => `'${file}'`).join(" ")}\n`,
    );
    await follow({ ...block, text }, session);
  } finally {
    await session.end();
    await rm(folder, { recursive: true, force: true });
  }
});
