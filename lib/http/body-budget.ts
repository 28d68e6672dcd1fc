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

/** In bytes. */
export interface BodySizes {
  /** What is usual. Who says that it will be more waits with its like. */
  readonly small: number;
  /** How many of the usual ones there may be together, and of the others. */
  readonly forSmall: number;
  readonly forLarge: number;
}

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

/** What a Pod sends has some hundred to some thousand bytes. */
export const OF_SECRETS: BodySizes = {
  small: 16 * KIBIBYTE,
  forSmall: 8 * MEBIBYTE,
  // Eight clients that send a mebibyte slowly must not keep every Pod away.
  forLarge: 8 * MEBIBYTE,
};

/** A review of a Pod has some thousand; of the longest that there may be two are a fraction of the memory that we have. */
export const OF_REVIEWS: BodySizes = {
  small: 64 * KIBIBYTE,
  forSmall: 24 * MEBIBYTE,
  forLarge: 16 * MEBIBYTE,
};

/** What a request costs however short it is: so these bound as well how many there are at a time. */
const LEAST = 2 * KIBIBYTE;

export function createBodyBudget(sizes: BodySizes, onRefused: () => void): BodyBudget {
  const small = { left: sizes.forSmall };
  const large = { left: sizes.forLarge };
  return {
    take(request, atMost) {
      const size = Math.max(LEAST, Math.min(declaredLength(request) ?? atMost, atMost));
      const budget = size <= sizes.small ? small : large;
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
