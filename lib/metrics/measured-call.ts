/** Something that is called, with a clock beside it. */
import { PiggyError } from "../error.ts";
import type { Call } from "./calls.ts";

/** The same, which tells how each call ended: `ok`, or the code of its failure. */
export function measureCall<Args extends readonly unknown[], T>(
  what: string,
  call: (...args: Args) => Promise<T>,
  observe: (call: Call) => void,
): (...args: Args) => Promise<T> {
  return async (...args) => {
    const begun = performance.now();
    const told = (outcome: string) => observe({ what, outcome, seconds: (performance.now() - begun) / 1000 });
    try {
      const result = await call(...args);
      told("ok");
      return result;
    } catch (error) {
      told(error instanceof PiggyError ? error.code : "internal");
      throw error;
    }
  };
}
