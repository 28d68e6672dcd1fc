/** The routes: which path and method leads where. */
import type { AdmissionWorld } from "../admission/world.ts";
import type { Log } from "../log.ts";
import type { RequestMetrics, Result, Route } from "../metrics/requests.ts";
import type { SecretAnswer } from "../secrets/answer.ts";
import { type Answer, failure } from "./answer.ts";
import { createBodyBudget, OF_REVIEWS, OF_SECRETS } from "./body-budget.ts";
import type { Fetch } from "./listener.ts";
import { type MutateRoute, mutate } from "./mutate.ts";
import { answerProbe, isProbe } from "./probes.ts";
import type { Readiness } from "./readiness.ts";
import { type SecretRoute, secret, shareEnds } from "./secret.ts";
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

/** What requests share besides what they lead to. */
type Shared = Routes & SecretRoute & MutateRoute;

/** The handler of Bun.serve. Every request gets an answer, and nothing that it throws ends the server. */
export function createHandler(given: Routes): Fetch {
  const routes: Shared = {
    ...given,
    bodies: createBodyBudget(OF_SECRETS, given.onRefused),
    reviews: createBodyBudget(OF_REVIEWS, given.onRefused),
    endOfRequest: shareEnds(),
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

function notAllowed(): Answer {
  return { response: text(405, "use POST", { Allow: "POST" }), result: ANSWERED };
}
