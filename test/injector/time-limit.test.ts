import { describe, expect, test } from "bun:test";
import { createTimeLimit } from "../../lib/injector/time-limit.ts";

describe("the time that servers have", () => {
  test("is over when it is over", async () => {
    const { signal } = createTimeLimit(20);
    expect(signal.aborted).toBe(false);
    await Bun.sleep(60);
    expect(signal.aborted).toBe(true);
  });

  test("does not pass while somebody types, and begins anew", async () => {
    const { signal, paused } = createTimeLimit(100);
    expect(await paused(() => Bun.sleep(200).then(() => "typed"))).toBe("typed");
    expect(signal.aborted).toBe(false);
    await Bun.sleep(200);
    expect(signal.aborted).toBe(true);
  });

  test("begins anew also when nothing came of it", async () => {
    const { signal, paused } = createTimeLimit(20);
    const failing = paused(() => Promise.reject(new Error("no terminal")));
    expect(await failing.catch((error: unknown) => error)).toEqual(new Error("no terminal"));
    await Bun.sleep(60);
    expect(signal.aborted).toBe(true);
  });
});
