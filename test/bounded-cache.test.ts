/** What is kept, for how long, and in how much room. */
import { describe, expect, test } from "bun:test";
import { createBoundedCache } from "../lib/bounded-cache.ts";

const ROOM = { entries: 100, bytes: 10_000 };
const clock = () => performance.now();

describe("what has had its time", () => {
  test("is given to nobody", () => {
    let now = 0;
    const cache = createBoundedCache<string>(ROOM, () => now);
    cache.put("key", "value", 5, 1_000);
    now = 999;
    expect(cache.get("key")).toBe("value");
    now = 1_000;
    expect(cache.get("key")).toBeUndefined();
  });

  test("is gone from memory although nobody looks", async () => {
    const cache = createBoundedCache<object>(ROOM, clock);
    const put = (index: number) => {
      const value = { text: "x".repeat(50) };
      cache.put(`key-${index}`, value, 50, 1);
      return new WeakRef(value);
    };
    const values = Array.from({ length: 50 }, (_, index) => put(index));
    while (cache.held.entries > 0) await Bun.sleep(1);
    expect(cache.held).toEqual({ entries: 0, bytes: 0 });
    // What is still on the stack may look to the collector as if it were used.
    const alive = () => values.filter((value) => value.deref() !== undefined).length;
    for (let tries = 0; tries < 100; tries += 1) {
      await Bun.sleep(1);
      Bun.gc(true);
      if (alive() < 10) break;
    }
    expect(alive()).toBeLessThan(10);
  });

  test("takes nothing along that was put in its place", async () => {
    const cache = createBoundedCache<string>(ROOM, clock);
    cache.put("key", "first", 5, 5);
    cache.put("key", "second", 6, 60_000);
    cache.put("other", "value", 5, 10);
    while (cache.held.entries > 1) await Bun.sleep(1);
    expect(cache.get("key")).toBe("second");
  });

  test("keeps no program running", async () => {
    const source = `
      import { createBoundedCache } from ${JSON.stringify(`${import.meta.dir}/../lib/bounded-cache.ts`)};
      createBoundedCache({ entries: 1, bytes: 100 }, () => performance.now()).put("key", "value", 5, 3_600_000);
    `;
    const child = Bun.spawn([process.execPath, "-e", source], { stdout: "ignore", stderr: "inherit" });
    expect(await child.exited).toBe(0);
  });
});

describe("what there is no room for", () => {
  test("pushes out what was used longest ago, by number and by bytes", () => {
    const cache = createBoundedCache<number>({ entries: 3, bytes: 40 }, () => 0);
    for (const [index, key] of ["a", "b", "c"].entries()) cache.put(key, index, 9, 1_000);
    cache.get("a");
    cache.put("d", 3, 9, 1_000);
    expect(["a", "b", "c", "d"].map((key) => cache.get(key))).toEqual([0, undefined, 2, 3]);
    cache.put("e", 4, 29, 1_000);
    expect(["a", "c", "d", "e"].map((key) => cache.get(key))).toEqual([undefined, undefined, 3, 4]);
    expect(cache.held).toEqual({ entries: 2, bytes: 40 });
  });

  test("is not kept, when all of the room is less than it", () => {
    const cache = createBoundedCache<string>({ entries: 3, bytes: 40 }, () => 0);
    cache.put("a", "kept", 9, 1_000);
    cache.put("b", "too much", 40, 1_000);
    expect([cache.get("a"), cache.get("b")]).toEqual(["kept", undefined]);
  });

  test("is there again when something was taken out", () => {
    const cache = createBoundedCache<string>({ entries: 3, bytes: 40 }, () => 0);
    cache.put("a", "value", 39, 1_000);
    cache.remove("a");
    cache.remove("a");
    expect(cache.held).toEqual({ entries: 0, bytes: 0 });
    expect(cache.get("a")).toBeUndefined();
  });
});
