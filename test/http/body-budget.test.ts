/** How much is under way at a time: what thousands of connections would be needed for to see it through HTTP. */
import { expect, test } from "bun:test";
import { createBodyBudget } from "../../lib/http/body-budget.ts";

const requestOf = (length: number) =>
  new Request("https://localhost/secret", { method: "POST", headers: { "Content-Length": String(length) } });

/** How many requests of a length there is room for, of whom none ends before the test does. */
async function roomFor(length: number): Promise<number> {
  let refused = false;
  const budget = createBodyBudget(() => {
    refused = true;
  });
  const { promise: end, resolve } = Promise.withResolvers<void>();
  const underWay: Promise<void>[] = [];
  while (!refused) underWay.push(budget.during(requestOf(length), 1024 * 1024, () => end));
  resolve();
  const results = await Promise.allSettled(underWay);
  expect(results.at(-1)).toMatchObject({ status: "rejected", reason: { code: "overloaded" } });
  return results.length - 1;
}

test.each([
  [0, 4_096],
  [300, 4_096],
  [4 * 1024, 2_048],
  [16 * 1024, 512],
  [16 * 1024 + 1, 511],
  [1024 * 1024, 8],
  // It is refused by its length, before anything of it is read.
  [100 * 1024 * 1024, 8],
])("of %d bytes there is room for %d", async (length, count) => {
  expect(await roomFor(length)).toBe(count);
});

test("what has ended, well or not, makes room", async () => {
  const budget = createBodyBudget(() => {});
  const large = requestOf(1024 * 1024);
  for (let count = 0; count < 20; count += 1) {
    const failing = budget.during(large, 1024 * 1024, () => Promise.reject(new Error("failed")));
    expect(await failing.catch((error: Error) => error.message)).toBe("failed");
    expect(await budget.during(large, 1024 * 1024, async () => "done")).toBe("done");
  }
});
