/** Which failures of a reading pass by themselves. */
import { PiggyError } from "../error.ts";

/** Throttling, 5xx, no answer in time, no connection: AWS has not said that the value may not be had. */
export function mayHeal(error: unknown): error is PiggyError {
  return error instanceof PiggyError && (error.code === "aws_throttled" || error.code === "aws_unavailable");
}

/** @param what has more to do than it can, as in "AWS in eu-west-1" */
export function overloaded(what: string): PiggyError {
  return new PiggyError("overloaded", `too many requests wait for ${what}: try again`);
}
