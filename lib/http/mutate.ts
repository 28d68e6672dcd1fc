/** POST /mutate: an AdmissionReview in, its answer out. */
import { ALLOWED, admit } from "../admission/admit.ts";
import { uidOfUnconcerned } from "../admission/glance.ts";
import { type AdmissionOutcome, formatReview, parseReview } from "../admission/review.ts";
import type { AdmissionWorld } from "../admission/world.ts";
import { type Deadline, deadlineIn } from "../deadline.ts";
import { parseDuration } from "../duration.ts";
import type { Result } from "../metrics/requests.ts";
import { type Answer, TIME_TO_ANSWER_MS } from "./answer.ts";
import { readWholeBody } from "./body.ts";
import type { BodyBudget } from "./body-budget.ts";
import { createGathering } from "./gathering.ts";
import { LONGEST_BODY } from "./listener.ts";

/** The API server's own default, where a request does not say, and the longest that it can be told to wait. */
const DEFAULT_TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 30_000;

const gathered = createGathering();

const UNCONCERNED: Result = { outcome: "unconcerned" };

/** The API server has all of it when it asks. */
const BODY_TIMEOUT_MS = 5_000;

export interface MutateRoute {
  readonly admission: AdmissionWorld;
  readonly reviews: BodyBudget;
}

/** @param query of the request's address, where the API server says how long it waits */
export async function mutate(
  { admission, reviews }: MutateRoute,
  request: Request,
  query: string,
): Promise<Answer> {
  const end = reviews.take(request, LONGEST_BODY);
  try {
    return await decide(admission, request, deadlineIn(timeToDecide(query)));
  } finally {
    end();
  }
}

async function decide(admission: AdmissionWorld, request: Request, deadline: Deadline): Promise<Answer> {
  const body = await readWholeBody(request, deadlineIn(Math.min(BODY_TIMEOUT_MS, deadline.remaining())));
  await gathered();
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

const JSON_TYPE = { headers: new Headers({ "Content-Type": "application/json" }) };

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
  const given = Math.min(read > 0 ? read : DEFAULT_TIMEOUT_MS, LONGEST_TIMEOUT_MS);
  return Math.max(given - TIME_TO_ANSWER_MS, given / 2);
}
