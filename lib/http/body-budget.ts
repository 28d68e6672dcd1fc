/** So many bytes of bodies at a time: each may be allowed, and a thousand of them at once not. */
import { PiggyError } from "../error.ts";
import { declaredLength } from "./body.ts";

export interface BodyBudget {
  /**
   * Counts a request's body from now on. @returns what ends that, to be called once
   * @throws PiggyError `overloaded` when there is no room for it
   */
  readonly take: (request: Request, atMost: number) => () => void;
}

/** In bytes. What a Pod sends has some hundred to some thousand; who says that it will be more waits with its like. */
const SMALL = 16 * 1024;
const FOR_SMALL = 8 * 1024 * 1024;
const FOR_LARGE = 8 * 1024 * 1024;
/** What a request costs however short it is: so these bound as well how many there are at a time. */
const LEAST = 2 * 1024;

export function createBodyBudget(onRefused: () => void): BodyBudget {
  const small = { left: FOR_SMALL };
  // Eight clients that send a mebibyte slowly must not keep every Pod away.
  const large = { left: FOR_LARGE };
  return {
    take(request, atMost) {
      const size = Math.max(LEAST, Math.min(declaredLength(request) ?? atMost, atMost));
      const budget = size <= SMALL ? small : large;
      if (size > budget.left) {
        onRefused();
        throw new PiggyError("overloaded", "too many requests are under way: try again");
      }
      budget.left -= size;
      return () => {
        budget.left += size;
      };
    },
  };
}
