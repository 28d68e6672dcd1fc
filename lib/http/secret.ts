/** POST /secret: a token and what is asked for in, values out. */
import { deadlineIn, shareSignals } from "../deadline.ts";
import type { Log } from "../log.ts";
import type { Result } from "../metrics/requests.ts";
import type { SecretAnswer, Answer as Secrets } from "../secrets/answer.ts";
import { formatUnresolved } from "../secrets/unresolved.ts";
import { type Answer, failure, TIME_TO_ANSWER_MS } from "./answer.ts";
import { readBody } from "./body.ts";
import type { BodyBudget } from "./body-budget.ts";
import { requestIdOf } from "./request-id.ts";

/** A token, and as many keys as an environment can name. */
const LONGEST_BODY = 1024 * 1024;
const TIMEOUT_MS = 10_000;
/** What is read before anybody is known must not be waited for as long. */
const BODY_TIMEOUT_MS = 5_000;

export interface SecretRoute {
  readonly answerSecret: SecretAnswer;
  readonly bodies: BodyBudget;
  /** What ends a request that begins now. */
  readonly endOfRequest: () => AbortSignal;
  readonly log: Log;
}

export function shareEnds(): SecretRoute["endOfRequest"] {
  return shareSignals(TIMEOUT_MS - TIME_TO_ANSWER_MS);
}

/** Every answer says what the request is called in the log. */
export async function secret(
  { answerSecret, bodies, endOfRequest, log }: SecretRoute,
  request: Request,
): Promise<Answer> {
  const id = requestIdOf(request.headers);
  const signal = endOfRequest();
  let end = () => {};
  try {
    end = bodies.take(request, LONGEST_BODY);
    const token = request.headers.get("X-Token");
    // Whoever shows no token need not be read.
    const body = token ? await readBody(request, LONGEST_BODY, deadlineIn(BODY_TIMEOUT_MS)) : "";
    return secrets(await answerSecret(token, body, signal, id), id);
  } catch (error) {
    const answer = failure(error, log, { request: id });
    answer.response.headers.set("X-Request-Id", id);
    return answer;
  } finally {
    end();
  }
}

const GIVEN: Result = { outcome: "allowed" };

function secrets({ values, failures }: Secrets, id: string): Answer {
  const unresolved = formatUnresolved(failures);
  // Nothing on the way may keep it.
  const headers = { "Cache-Control": "no-store", "X-Request-Id": id };
  const response = Response.json(values, {
    headers: unresolved === undefined ? headers : { ...headers, "X-Piggy-Unresolved": unresolved },
  });
  return { response, result: GIVEN };
}
