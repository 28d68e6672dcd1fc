/** The routes: which path and method leads where, and what a failure looks like on the wire. */
import { type AdmissionWorld, ALLOWED, admit } from "../admission/admit.ts";
import { uidOfUnconcerned } from "../admission/glance.ts";
import { formatReview, parseReview } from "../admission/review.ts";
import { deadlineIn } from "../deadline.ts";
import { parseDuration } from "../duration.ts";
import { messageOf, PiggyError } from "../error.ts";
import type { Log } from "../log.ts";
import type { SecretAnswer } from "../secrets/answer.ts";
import { formatUnresolved } from "../secrets/unresolved.ts";
import { readBody, readWholeBody } from "./body.ts";
import type { Fetch } from "./listener.ts";
import { statusOf } from "./status.ts";

export interface Routes {
  readonly admission: AdmissionWorld;
  readonly answerSecret: SecretAnswer;
  readonly isDraining: () => boolean;
  readonly log: Log;
}

/** A token, and as many keys as an environment can name. */
const LONGEST_SECRET_REQUEST = 1024 * 1024;
const SECRET_TIMEOUT_MS = 10_000;
/** The API server's own default, where a request does not say, and the longest that it can be told to wait. */
const ADMISSION_TIMEOUT_MS = 10_000;
const LONGEST_ADMISSION_MS = 30_000;
/** What is kept of a request's time for the answer to travel back. */
const TIME_TO_ANSWER_MS = 500;

/** The handler of Bun.serve. Every request gets an answer, and nothing that it throws ends the server. */
export function createHandler(routes: Routes): Fetch {
  return async (request, isLast) => {
    let response: Response;
    try {
      response = await route(routes, request);
    } catch (error) {
      response = failure(error, routes.log);
    }
    // A client whose connection stays open would never notice that we are on our way out.
    if (isLast || routes.isDraining()) response.headers.set("Connection", "close");
    return response;
  };
}

function route(routes: Routes, request: Request): Response | Promise<Response> {
  const { path, query } = targetOf(request.url);
  switch (path) {
    case "/mutate":
      return request.method === "POST" ? mutate(routes, request, query) : notAllowed();
    case "/secret":
      return request.method === "POST" ? secret(routes, request) : notAllowed();
    case "/healthz":
    case "/livez":
      return text(200, "ok");
    case "/readyz":
      return routes.isDraining() ? text(503, "draining") : text(200, "ok");
    default:
      return text(404, "not found: POST /mutate, POST /secret, GET /healthz, /livez, /readyz");
  }
}

/** The two parts of an address that tell requests apart. Bun has it in its normal form, with a scheme and a host. */
function targetOf(address: string): { readonly path: string; readonly query: string } {
  const begin = address.indexOf("/", address.indexOf("://") + "://".length);
  const mark = address.indexOf("?", begin);
  return mark < 0
    ? { path: address.slice(begin), query: "" }
    : { path: address.slice(begin, mark), query: address.slice(mark + 1) };
}

async function mutate({ admission }: Routes, request: Request, query: string): Promise<Response> {
  const deadline = deadlineIn(timeToDecide(query));
  const body = await readWholeBody(request, deadline);
  const unconcerned = uidOfUnconcerned(body, admission.webhook.environment);
  if (unconcerned !== undefined) return json(formatReview(unconcerned, ALLOWED));
  const review = parseReview(body);
  const outcome = await admit(review, admission, deadline);
  return json(formatReview(review.uid, outcome));
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

async function secret({ answerSecret }: Routes, request: Request): Promise<Response> {
  const deadline = deadlineIn(SECRET_TIMEOUT_MS);
  const token = request.headers.get("X-Token");
  // Whoever shows no token need not be read.
  const body = token ? await readBody(request, LONGEST_SECRET_REQUEST, deadline) : "";
  const { values, failures } = await answerSecret(token, body, deadline.signal);
  const unresolved = formatUnresolved(failures);
  // Nothing on the way may keep it.
  const headers = { "Cache-Control": "no-store" };
  return Response.json(values, {
    headers: unresolved === undefined ? headers : { ...headers, "X-Piggy-Unresolved": unresolved },
  });
}

function failure(error: unknown, log: Log): Response {
  if (error instanceof PiggyError) {
    const status = statusOf(error.code);
    return text(status, error.message, status === 503 ? { "Retry-After": "1" } : {});
  }
  log("error", "request failed", { error: messageOf(error) });
  return text(500, "internal error");
}

function notAllowed(): Response {
  return text(405, "use POST", { Allow: "POST" });
}

function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${body}\n`, {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", ...headers },
  });
}
