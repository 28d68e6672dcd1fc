/** How long it is worth asking again, and when. */
import { type ErrorCode, isAbsence, PiggyError } from "../error.ts";
import type { Findings } from "./resolution.ts";

export interface Patience {
  /** As often as this, 500 ms apart, whatever may pass; undefined for the deadline to decide. */
  readonly retries: number | undefined;
  /** How long what can heal by itself is waited for. */
  readonly deadlineMs: number;
}

const BETWEEN_RETRIES_MS = 500;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** What another try cannot change. */
const FINAL: ReadonlySet<ErrorCode> = new Set(["not_allowed", "token_missing", "region_invalid", "usage"]);

/** What heals by itself: nobody listens yet, too many ask at once, somebody is being restarted. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "webhook_unreachable",
  "webhook_unavailable",
  "overloaded",
  "aws_throttled",
  "aws_unavailable",
]);

/**
 * What is wrong with findings that are not all there: what cannot heal before what can, for then it is no use to ask
 * again; undefined when all is known.
 */
export function failureIn({ failures }: Findings): PiggyError | undefined {
  let passing: PiggyError | undefined;
  for (const failure of failures.values()) {
    if (isAbsence(failure)) continue;
    if (!PASSING.has(failure.code)) return failure;
    passing ??= failure;
  }
  return passing;
}

/**
 * Tries until it is done, or patience ends; then throws what the last try threw. `attempt` is given the signal that
 * ends the wait for what it asks.
 */
export async function withPatience<T>(
  { retries, deadlineMs }: Patience,
  attempt: () => Promise<T>,
  onFailure: (error: unknown) => void,
  random: () => number = Math.random,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      const pause =
        retries === undefined
          ? backoff(error, tried, deadline - performance.now(), random)
          : retry(error, retries - tried + 1);
      if (pause === undefined) throw error;
      onFailure(error);
      await Bun.sleep(pause);
    }
  }
}

function retry(error: unknown, left: number): number | undefined {
  const isFinal = error instanceof PiggyError && FINAL.has(error.code);
  return left <= 0 || isFinal ? undefined : BETWEEN_RETRIES_MS;
}

/** Twice as long each time, and half of it by chance: thousands of containers that start together part again. */
function backoff(error: unknown, tried: number, leftMs: number, random: () => number): number | undefined {
  if (!(error instanceof PiggyError) || !PASSING.has(error.code)) return undefined;
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (tried - 1), LONGEST_PAUSE_MS);
  const pause = longest * (0.5 + 0.5 * random());
  return pause < leftMs ? pause : undefined;
}
