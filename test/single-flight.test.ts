/** Who shares a call, and when it ends. */
import { describe, expect, jest, test } from "bun:test";
import { createSingleFlight } from "../lib/single-flight.ts";

const late = () => new Error("late");
const never = new AbortController().signal;

/** A call that the test ends. */
function pending() {
  const begun: { signal: AbortSignal; awaited: () => AbortSignal }[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = (signal: AbortSignal, awaited: () => AbortSignal) => {
    begun.push({ signal, awaited });
    return promise;
  };
  return { run, begun, resolve, reject };
}

describe("a call", () => {
  test("is one for all who come while it is under way, and another for whoever comes after", async () => {
    const share = createSingleFlight<string>();
    const { run, begun, resolve } = pending();
    const all = Promise.all([1, 2, 3].map(() => share({ key: "a", signal: never, run, late })));
    resolve("value");
    expect(await all).toEqual(["value", "value", "value"]);
    expect(begun).toHaveLength(1);
    expect(await share({ key: "a", signal: never, run: async () => "another", late })).toBe("another");
  });

  test("fails for all, and is then forgotten", async () => {
    const share = createSingleFlight<string>();
    const { run, reject } = pending();
    const all = [1, 2].map(() => share({ key: "a", signal: never, run, late }));
    reject(new Error("refused"));
    expect(await Promise.allSettled(all)).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
    expect(await share({ key: "a", signal: never, run: async () => "again", late })).toBe("again");
  });

  test("goes on for the others when the first is late", async () => {
    const share = createSingleFlight<string>();
    const { run, begun, resolve } = pending();
    const first = new AbortController();
    const early = share({ key: "a", signal: first.signal, run, late });
    const other = share({ key: "a", signal: never, run, late });
    first.abort();
    expect(early).rejects.toThrow("late");
    resolve("value");
    expect(await other).toBe("value");
    expect(begun).toHaveLength(1);
  });

  test("ends with the last who waits, where it has no time alone", async () => {
    const share = createSingleFlight<string>();
    const { run, begun } = pending();
    const only = new AbortController();
    const waiting = share({ key: "a", signal: only.signal, run, late });
    only.abort();
    expect(waiting).rejects.toThrow("late");
    await Bun.sleep(0);
    expect(begun[0]?.signal.aborted).toBe(true);
    expect(await share({ key: "a", signal: never, run: async () => "another", late })).toBe("another");
  });
});

describe("a call that has time alone", () => {
  const begin = async (aloneMs: number) => {
    const share = createSingleFlight<string>(aloneMs);
    const call = pending();
    const first = new AbortController();
    const waiting = share({ key: "a", signal: first.signal, run: call.run, late });
    first.abort();
    await waiting.catch(() => {});
    const [begun] = call.begun;
    if (begun === undefined) throw new Error("it did not begin");
    return { share, call, begun };
  };

  test("knows that nobody waits, and then that somebody does", async () => {
    const { share, call, begun } = await begin(60_000);
    expect([begun.signal.aborted, begun.awaited().aborted]).toEqual([false, true]);
    const second = share({ key: "a", signal: never, run: call.run, late });
    expect(begun.awaited().aborted).toBe(false);
    call.resolve("value");
    expect(await second).toBe("value");
    expect(call.begun).toHaveLength(1);
  });

  test("may ask at once whether anybody waits", async () => {
    const share = createSingleFlight<boolean>(1);
    const run = async (_: AbortSignal, awaited: () => AbortSignal) => awaited().aborted;
    expect(await share({ key: "a", signal: never, run, late })).toBe(false);
  });

  test("ends when it is over, and is joined no more", async () => {
    const { share, begun } = await begin(1);
    while (!begun.signal.aborted) await Bun.sleep(1);
    expect(await share({ key: "a", signal: never, run: async () => "another", late })).toBe("another");
  });

  test("is not ended by the time that it was alone before somebody came", async () => {
    jest.useFakeTimers();
    try {
      const { share, call, begun } = await begin(20);
      jest.advanceTimersByTime(19);
      const second = share({ key: "a", signal: never, run: call.run, late });
      jest.advanceTimersByTime(20);
      expect(begun.signal.aborted).toBe(false);
      call.resolve("value");
      expect(await second).toBe("value");
    } finally {
      jest.useRealTimers();
    }
  });
});
