/** How much is under way at a time: what thousands of connections would be needed for to see it through HTTP. */
import { expect, test } from "bun:test";
import { type BodySizes, createBodyBudget, OF_REVIEWS, OF_SECRETS } from "../../lib/http/body-budget.ts";

const MEBIBYTE = 1024 * 1024;

const requestOf = (length: number) =>
  new Request("https://localhost/secret", { method: "POST", headers: { "Content-Length": String(length) } });

/** How many requests of a length there is room for, of whom none ends. */
function roomFor(length: number, sizes: BodySizes, atMost: number): number {
  let refused = false;
  const budget = createBodyBudget(sizes, () => {
    refused = true;
  });
  const request = requestOf(length);
  for (let count = 0; ; count += 1) {
    try {
      budget.take(request, atMost);
    } catch (error) {
      expect(error).toMatchObject({ code: "overloaded" });
      expect(refused).toBe(true);
      return count;
    }
  }
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
])("of %d bytes there is room for %d that ask for secrets", (length, count) => {
  expect(roomFor(length, OF_SECRETS, MEBIBYTE)).toBe(count);
});

test.each([
  [0, 12_288],
  [20 * 1024, 1_228],
  [64 * 1024, 384],
  [64 * 1024 + 1, 255],
  [8 * MEBIBYTE, 2],
])("of %d bytes there is room for %d that are reviews", (length, count) => {
  expect(roomFor(length, OF_REVIEWS, 8 * MEBIBYTE)).toBe(count);
});

test("what has ended makes room", () => {
  const budget = createBodyBudget(OF_SECRETS, () => {});
  for (let count = 0; count < 20; count += 1) budget.take(requestOf(MEBIBYTE), MEBIBYTE)();
});
