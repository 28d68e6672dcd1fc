/** Who is next, and who need not wait at all. */
import { describe, expect, test } from "bun:test";
import { createBoundedTurns, type TurnBounds } from "../lib/bounded-turns.ts";

const never = new AbortController().signal;
const BOUNDS: TurnBounds = { underWay: 4, waiting: 4, ofOne: { underWay: 2, waiting: 3 } };

/** Work that the test ends, and what became of it. */
function turns(bounds = BOUNDS) {
  const take = createBoundedTurns(bounds);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (name: string, signal = never) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.set(name, resolve);
    const work = () => {
      begun.push(name);
      return promise.then(() => name);
    };
    return take({
      group: name.slice(0, 1),
      signal,
      work,
      refused: () => new Error("refused"),
      late: () => new Error("late"),
    }).catch((error: Error) => error.message);
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await Bun.sleep(0);
  };
  return { ask, begun, end };
}

describe("work", () => {
  test("of one group is no more at a time than its share, and others begin at once", async () => {
    const { ask, begun } = turns();
    for (const name of ["a1", "a2", "a3", "a4", "b1"]) void ask(name);
    expect(begun).toEqual(["a1", "a2", "b1"]);
  });

  test("of all groups is no more at a time than all may have", () => {
    const { ask, begun } = turns();
    for (const name of ["a1", "a2", "b1", "b2", "c1"]) void ask(name);
    expect(begun).toEqual(["a1", "a2", "b1", "b2"]);
  });

  test("comes in the order in which it was asked for", async () => {
    const { ask, begun, end } = turns();
    for (const name of ["a1", "a2", "a3", "a4"]) void ask(name);
    await end("a2");
    await end("a1");
    expect(begun).toEqual(["a1", "a2", "a3", "a4"]);
  });

  test("of the group with the least under way is next", async () => {
    const { ask, begun, end } = turns();
    for (const name of ["a1", "a2", "a3", "b1", "b2", "b3", "c1"]) void ask(name);
    await end("a1");
    expect(begun.at(-1)).toBe("c1");
    await end("c1");
    expect(begun.at(-1)).toBe("a3");
  });

  test("that fails makes room too", async () => {
    const take = createBoundedTurns({ underWay: 1, waiting: 1 });
    const turn = {
      group: "a",
      signal: never,
      refused: () => new Error("refused"),
      late: () => new Error("late"),
    };
    const failing = take({ ...turn, work: () => Promise.reject(new Error("failed")) });
    const next = take({ ...turn, work: async () => "done" });
    expect(failing).rejects.toThrow("failed");
    expect(await next).toBe("done");
  });
});

describe("whoever finds too many waiting is refused at once", () => {
  test("in a group, while others may still wait", async () => {
    const { ask, begun, end } = turns();
    for (const name of ["a1", "a2", "a3", "a4", "a5"]) void ask(name);
    expect(await ask("a6")).toBe("refused");
    for (const name of ["b1", "b2", "b3"]) void ask(name);
    expect(await ask("b4")).toBe("refused");
    await end("b1");
    expect(begun).toEqual(["a1", "a2", "b1", "b2", "b3"]);
  });
});

describe("whoever waits no longer", () => {
  test("leaves the queue, and its place to another", async () => {
    const { ask, begun, end } = turns();
    const impatient = new AbortController();
    for (const name of ["a1", "a2"]) void ask(name);
    const left = ask("a3", impatient.signal);
    for (const name of ["a4", "a5"]) void ask(name);
    impatient.abort();
    expect(await left).toBe("late");
    void ask("a6");
    await end("a1");
    await end("a2");
    expect(begun).toEqual(["a1", "a2", "a4", "a5"]);
    expect(await ask("a7", AbortSignal.abort())).toBe("late");
  });

  test("does not end the work that has begun", async () => {
    const { ask, end } = turns();
    const impatient = new AbortController();
    const work = ask("a1", impatient.signal);
    impatient.abort();
    await end("a1");
    expect(await work).toBe("a1");
  });
});
