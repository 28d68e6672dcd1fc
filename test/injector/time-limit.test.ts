import { describe, expect, test } from "bun:test";
import { createTimeLimit } from "../../lib/injector/time-limit.ts";
import { until } from "../support/until.ts";

describe("the time that servers have", () => {
  test("is over when it is over", async () => {
    const { signal } = createTimeLimit(20);
    expect(signal.aborted).toBe(false);
    await until(() => signal.aborted);
  });

  test("does not pass while somebody types, and begins anew", async () => {
    const { signal, paused } = createTimeLimit(20);
    expect(await paused(() => Bun.sleep(100).then(() => "typed"))).toBe("typed");
    expect(signal.aborted).toBe(false);
    await until(() => signal.aborted);
  });

  test("begins anew also when nothing came of it", async () => {
    const { signal, paused } = createTimeLimit(20);
    const failing = paused(() => Promise.reject(new Error("no terminal")));
    expect(await failing.catch((error: unknown) => error)).toEqual(new Error("no terminal"));
    await until(() => signal.aborted);
  });
});
