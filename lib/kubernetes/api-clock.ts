/**
 * The time as the API server has it, who verifies our certificate and makes the tokens that Pods show us: a clock of our
 * own that is wrong, or jumps, is not to decide what is still good. Between two answers time goes on by a clock that
 * nobody sets. Source: RFC 9110, section 6.6.1.
 */
import type { Came, SendToApi } from "./client.ts";

export interface ApiClock {
  /** In milliseconds since 1970, up to a second behind. By this machine's clock while the API server has said nothing. */
  readonly now: () => number;
  /** The same, and listens to what answers say of the time. */
  readonly hear: (send: SendToApi) => SendToApi;
}

interface Heard {
  readonly headers: NonNullable<Came["headers"]>;
  readonly at: number;
  /** Read when it is needed: there are many more answers than questions for the time. */
  said: number | undefined;
}

/**
 * @param machine milliseconds since 1970
 * @param elapsed milliseconds since whenever
 */
export function createApiClock(
  machine: () => number = Date.now,
  elapsed: () => number = () => performance.now(),
): ApiClock {
  let last: Heard | undefined;
  return {
    now() {
      if (last === undefined) return machine();
      last.said ??= Date.parse(last.headers.get("date") ?? "");
      return Number.isNaN(last.said) ? machine() : last.said + (elapsed() - last.at);
    },
    hear(send) {
      return async (request) => {
        const answer = await send(request);
        const { status, headers } = answer;
        // Of an error of this kind nobody knows who says it: the API server, or a proxy before it.
        if (status < 500 && headers?.get("date")) last = { headers, at: elapsed(), said: undefined };
        return answer;
      };
    },
  };
}
