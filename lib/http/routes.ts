/** The routes: which path and method leads where, and what a failure looks like on the wire. */
import { ALLOWED, admit } from "../admission/admit.ts";
import { uidOfUnconcerned } from "../admission/glance.ts";
import { type AdmissionOutcome, formatReview, parseReview } from "../admission/review.ts";
import type { AdmissionWorld } from "../admission/world.ts";
import { deadlineIn, shareSignals } from "../deadline.ts";
import { parseDuration } from "../duration.ts";
import { messageOf, PiggyError } from "../error.ts";
import type { Log } from "../log.ts";
import type { RequestMetrics, Result, Route } from "../metrics/requests.ts";
import type { SecretAnswer, Answer as Secrets } from "../secrets/answer.ts";
import { formatUnresolved } from "../secrets/unresolved.ts";
import { readBody, readWholeBody, SlowBody } from "./body.ts";
import { type BodyBudget, createBodyBudget } from "./body-budget.ts";
import type { Fetch } from "./listener.ts";
import { answerProbe, isProbe } from "./probes.ts";
import type { Readiness } from "./readiness.ts";
import { requestIdOf } from "./request-id.ts";
import { statusOf } from "./status.ts";
import { type Target, targetOf } from "./target.ts";
import { text } from "./text.ts";

export interface Routes {
  readonly admission: AdmissionWorld;
  readonly answerSecret: SecretAnswer;
  readonly isDraining: () => boolean;
  readonly readiness: Readiness;
  readonly metrics: RequestMetrics;
  /** Told of each request that there was no room for. */
  readonly onRefused: () => void;
  readonly log: Log;
}

/** A token, and as many keys as an environment can name. */
const LONGEST_SECRET_REQUEST = 1024 * 1024;
const SECRET_TIMEOUT_MS = 10_000;
/** What is read before anybody is known must not be waited for as long. */
const SECRET_BODY_TIMEOUT_MS = 5_000;
/** The API server's own default, where a request does not say, and the longest that it can be told to wait. */
const ADMISSION_TIMEOUT_MS = 10_000;
const LONGEST_ADMISSION_MS = 30_000;
/** What is kept of a request's time for the answer to travel back. */
const TIME_TO_ANSWER_MS = 500;

/** What is sent, and what became of the request in a word. */
interface Answer {
  readonly response: Response;
  readonly result: Result;
}

/** What requests share besides what they lead to. */
interface Shared extends Routes {
  readonly bodies: BodyBudget;
  readonly endOfSecret: () => AbortSignal;
}

/** The handler of Bun.serve. Every request gets an answer, and nothing that it throws ends the server. */
export function createHandler(given: Routes): Fetch {
  const routes: Shared = {
    ...given,
    bodies: createBodyBudget(given.onRefused),
    endOfSecret: shareSignals(SECRET_TIMEOUT_MS - TIME_TO_ANSWER_MS),
  };
  const { metrics, log } = routes;
  return async (request, isLast) => {
    const target = targetOf(request.url);
    const route = routeOf(target.path);
    const begun = metrics.begin(route);
    let answered: Answer;
    try {
      answered = await answer(routes, target, request);
    } catch (error) {
      answered = failure(error, log);
    }
    const { response, result } = answered;
    metrics.end(route, begun, result);
    // A client whose connection stays open would never notice that we are on our way out.
    if (isLast || routes.isDraining()) response.headers.set("Connection", "close");
    return response;
  };
}

function routeOf(path: string): Route {
  switch (path) {
    case "/mutate":
      return "mutate";
    case "/secret":
      return "secret";
    default:
      return isProbe(path) ? "probe" : "other";
  }
}

function answer(routes: Shared, { path, query }: Target, request: Request): Promise<Answer> | Answer {
  if (isProbe(path)) return { response: answerProbe(path, routes.readiness), result: ANSWERED };
  switch (path) {
    case "/mutate":
      return request.method === "POST" ? mutate(routes, request, query) : notAllowed();
    case "/secret":
      return request.method === "POST" ? secret(routes, request) : notAllowed();
    default:
      return { response: text(404, NOT_FOUND), result: ANSWERED };
  }
}

const NOT_FOUND = "not found: POST /mutate, POST /secret, GET /healthz, /livez, /readyz";
const ANSWERED: Result = { outcome: "answered" };
const UNCONCERNED: Result = { outcome: "unconcerned" };

async function mutate({ admission }: Routes, request: Request, query: string): Promise<Answer> {
  const deadline = deadlineIn(timeToDecide(query));
  const body = await readWholeBody(request, deadline);
  const unconcerned = uidOfUnconcerned(body, admission.webhook.environment);
  if (unconcerned !== undefined) {
    return { response: json(formatReview(unconcerned, ALLOWED)), result: UNCONCERNED };
  }
  const review = parseReview(body);
  const outcome = await admit(review, admission, deadline);
  return { response: json(formatReview(review.uid, outcome)), result: resultOf(outcome) };
}

/** In a word what its audit annotations tell of each container. */
function resultOf({ allowed, audit = {} }: AdmissionOutcome): Result {
  if (!allowed) return { outcome: "denied", code: audit["denied"] ?? "internal" };
  const told = (["injected", "unwrapped", "skipped"] as const).find((what) => audit[what] !== undefined);
  return told === undefined ? UNCONCERNED : { outcome: told };
}

const JSON_TYPE = { headers: { "Content-Type": "application/json" } };

function json(body: string): Response {
  return new Response(body, JSON_TYPE);
}

/** What the last query said: one API server after the other sends what stands in the webhook's configuration. */
let last = { query: "", milliseconds: timeToDecideIn("") };

function timeToDecide(query: string): number {
  if (last.query !== query) last = { query, milliseconds: timeToDecideIn(query) };
  return last.milliseconds;
}

/** In milliseconds. A timeout that cannot be read, or leaves no time at all, was not meant. */
function timeToDecideIn(query: string): number {
  const read = parseDuration(new URLSearchParams(query).get("timeout") ?? "") ?? 0;
  const given = Math.min(read > 0 ? read : ADMISSION_TIMEOUT_MS, LONGEST_ADMISSION_MS);
  return Math.max(given - TIME_TO_ANSWER_MS, given / 2);
}

/** Every answer says what the request is called in the log. */
async function secret(routes: Shared, request: Request): Promise<Answer> {
  const { answerSecret, bodies, endOfSecret, log } = routes;
  const id = requestIdOf(request.headers);
  const signal = endOfSecret();
  let end = () => {};
  try {
    end = bodies.take(request, LONGEST_SECRET_REQUEST);
    const token = request.headers.get("X-Token");
    // Whoever shows no token need not be read.
    const body = token
      ? await readBody(request, LONGEST_SECRET_REQUEST, deadlineIn(SECRET_BODY_TIMEOUT_MS))
      : "";
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

function failure(error: unknown, log: Log, fields: Readonly<Record<string, string>> = {}): Answer {
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

function notAllowed(): Answer {
  return { response: text(405, "use POST", { Allow: "POST" }), result: ANSWERED };
}
