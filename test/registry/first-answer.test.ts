import { describe, expect, test } from "bun:test";
import { firstAnswer } from "../../lib/registry/first-answer.ts";

const patience = () => AbortSignal.timeout(60_000);
const silent = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

describe("of several addresses", () => {
  test("the first is asked, and no other where it answers", async () => {
    const asked: string[] = [];
    const ask = async (address: string) => {
      asked.push(address);
      return `from ${address}`;
    };
    expect(await firstAnswer(["a", "b", "c"], ask, patience())).toBe("from a");
    expect(asked).toEqual(["a"]);
  });

  test("the next is asked at once where one fails, and the one after it not", async () => {
    const asked: string[] = [];
    const ask = async (address: string) => {
      asked.push(address);
      if (address !== "c") throw new Error(`no ${address}`);
      return `from ${address}`;
    };
    let answer = "";
    void firstAnswer(["a", "b", "c", "d"], ask, patience()).then((first) => {
      answer = first;
    });
    // Before any clock has gone on.
    await Bun.sleep(0);
    expect(answer).toBe("from c");
    expect(asked).toEqual(["a", "b", "c"]);
  });

  test("the next is asked as well where one is silent, which then is given up", async () => {
    let ended = "";
    const ask = async (address: string, signal: AbortSignal) => {
      if (address === "b") return "from b";
      return silent(signal).finally(() => {
        ended = address;
      });
    };
    expect(await firstAnswer(["a", "b"], ask, patience())).toBe("from b");
    await Promise.resolve();
    expect(ended).toBe("a");
  });

  test("no more than four are asked, and the first says why there is no answer", async () => {
    const asked: string[] = [];
    const ask = async (address: string) => {
      asked.push(address);
      throw new Error(`no ${address}`);
    };
    const answer = firstAnswer(["a", "b", "c", "d", "e"], ask, patience());
    expect(await answer.catch(String)).toBe("Error: no a");
    expect(asked).toEqual(["a", "b", "c", "d"]);
  });

  test("none is waited for when the time is over", async () => {
    const ending = new AbortController();
    const answer = firstAnswer(["a", "b"], (_, signal) => silent(signal), ending.signal);
    ending.abort(new Error("over"));
    expect(await answer.catch(String)).toBe("Error: over");
  });
});
