import { PiggyError } from "../../lib/error.ts";

/** The failure of a call that must fail, and must fail in words. */
export async function caught(call: () => unknown): Promise<PiggyError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof PiggyError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
