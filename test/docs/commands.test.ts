/** Every command of the pages that needs nothing but a clone is run, from the text itself. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { checkOf } from "./checks.ts";
import { follow } from "./follow.ts";
import { allBlocks, placeOf, ROOT } from "./pages.ts";
import { plainEnvironment, startSession } from "./session.ts";

setDefaultTimeout(300_000);

const blocks = allBlocks.filter((block) => checkOf(block) === "plain");

test.each(blocks.map((block) => [placeOf(block), block] as const))("%s", async (_, block) => {
  const session = await startSession(ROOT, plainEnvironment());
  try {
    await follow(block, session);
  } finally {
    await session.end();
  }
});

test("there are some", () => {
  expect(blocks.length).toBeGreaterThan(0);
});
