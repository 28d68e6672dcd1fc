/** A registry that says when to come back. Source: RFC 9110, 10.2.3; RFC 6585, 4. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Deadline } from "../deadline.ts";
import { PiggyError } from "../error.ts";

/** What is left of a request's time for the second try itself. */
const TIME_TO_ASK_MS = 250;

/** Too many requests, or none for now. */
export class ComeBackLater extends PiggyError {
  /** Undefined where the registry does not say. */
  readonly afterMs: number | undefined;

  constructor(origin: string, status: number, retryAfter: string | null) {
    const afterMs = parseRetryAfter(retryAfter, Date.now());
    const when =
      afterMs === undefined ? "" : ` and wants to be asked again in ${Math.ceil(afterMs / 1_000)} s`;
    super(
      "registry_unavailable",
      `${origin} answers ${status}${status === 429 ? `: it was asked too often${when}` : when}`,
    );
    this.afterMs = afterMs;
  }
}

/** Milliseconds from now; undefined for what is neither seconds nor a date. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // Only a date has letters; Date.parse makes years of numbers.
  const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Asks, and once more when a registry says to come back while there is still time. */
export async function askTwice<T>(ask: () => Promise<T> | T, deadline: Deadline): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ComeBackLater) || error.afterMs === undefined) throw error;
    if (error.afterMs + TIME_TO_ASK_MS > deadline.remaining()) throw error;
    await sleep(error.afterMs, undefined, { signal: deadline.signal }).catch(() => {
      throw error;
    });
    return await ask();
  }
}
