/** When a request's time is over: what thousands of them a second share must still end for each. */
import { expect, test } from "bun:test";
import { shareSignals } from "../lib/deadline.ts";

const ended = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason), { once: true }));

test("whoever begins together has one signal, and whoever begins later another", async () => {
  const next = shareSignals(1_000);
  const first = next();
  let later = next();
  while (later === first) {
    await Bun.sleep(1);
    later = next();
  }
  expect(first.aborted).toBe(false);
  expect(await ended(first)).toMatchObject({ name: "TimeoutError" });
  expect(next().aborted).toBe(false);
});
