/** What a request is answered with, and what a failure looks like on the wire. */
import { messageOf, PiggyError } from "../error.ts";
import type { Log } from "../log.ts";
import type { Result } from "../metrics/requests.ts";
import { SlowBody } from "./body.ts";
import { statusOf } from "./status.ts";
import { text } from "./text.ts";

/** What is sent, and what became of the request in a word. */
export interface Answer {
  readonly response: Response;
  readonly result: Result;
}

/** What is kept of a request's time for the answer to travel back. */
export const TIME_TO_ANSWER_MS = 500;

export function failure(error: unknown, log: Log, fields: Readonly<Record<string, string>> = {}): Answer {
  if (error instanceof PiggyError) {
    const { code, message } = error;
    const status = statusOf(code);
    const outcome = status === 401 || status === 403 ? "denied" : "failed";
    const response = text(status, message, {
      // The body is for people, and what existing injectors print.
      "X-Piggy-Code": code,
      ...(status === 503 || status === 429 ? { "Retry-After": "1" } : {}),
      ...(error instanceof SlowBody ? { Connection: "close" } : {}),
    });
    return { response, result: { outcome, code } };
  }
  log("error", "request failed", { ...fields, error: messageOf(error) });
  return { response: text(500, "internal error"), result: { outcome: "failed", code: "internal" } };
}
