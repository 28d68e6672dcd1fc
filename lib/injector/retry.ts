import { type ErrorCode, PiggyError } from "../error.ts";

const BETWEEN_TRIES_MS = 500;

/** What another try cannot change. */
const FINAL: ReadonlySet<ErrorCode> = new Set(["not_allowed", "token_missing", "region_invalid", "usage"]);

/** Tries once, and again as often as told after a failure that may pass, 500 ms apart. */
export async function withRetries<T>(
  retries: number,
  attempt: () => Promise<T>,
  onFailure: (error: unknown) => void,
): Promise<T> {
  for (let left = retries; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      const isFinal = error instanceof PiggyError && FINAL.has(error.code);
      if (left === 0 || isFinal) throw error;
      onFailure(error);
      await Bun.sleep(BETWEEN_TRIES_MS);
    }
  }
}
