/** POST /mutate: an answer that is one, a patch that applies, and no reference let through as text. */
import fc from "fast-check";
import { applyPatch } from "rfc6902";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../../../lib/json.ts";
import { asksForSecrets, literalsIn } from "../../admission/literals.ts";
import { decodePatch, verifyResponse } from "../../fakes/kubernetes/admission-review.ts";
import { HUSH } from "../read.ts";
import { damagedReviews, madeReviews, oddReviews, worldlyReviews } from "../reviews.ts";
import { target } from "../target.ts";
import { fuzzedWebhook } from "../webhook.ts";

const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const LONGEST_MESSAGE = 2048;
const LONGEST_WARNING = 256;

const requestIn = (review: JsonValue | undefined): JsonObject =>
  isJsonObject(review) && isJsonObject(review["request"]) ? review["request"] : {};
const copyOf = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

/** Sent once; undefined where it is refused as no review. */
async function answered(given: string) {
  const body = given.toWellFormed();
  const { status, code, body: text, logged } = await fuzzedWebhook().mutate(body);
  if (`${text}${logged}`.includes(HUSH)) throw new Error("what stands in a Secret is told");
  if (/internal error|request failed|admission failed/.test(text + logged))
    throw new Error(`it fails: ${logged}`);
  if (status === 400 && code === "review_invalid") return undefined;
  if (status !== 200) throw new Error(`it is answered with ${status} ${text}`);
  const review = parseJson(body);
  // A body that is passed by unread may be no JSON; the API server sends none.
  const uid = review === undefined ? /"uid":"([^"]*)"/.exec(body)?.[1] : requestIn(review)["uid"];
  const response = verifyResponse(JSON.parse(text), String(uid));
  const patch = decodePatch(response);
  if (JSON.stringify(patch).includes(HUSH))
    throw new Error("what stands in a Secret is written into the Pod");
  const warnings = response.warnings ?? [];
  const message = response.status?.message ?? "";
  for (const told of [...warnings, message])
    if (UNFIT.test(told)) throw new Error(`it is not fit to be read: ${told}`);
  if (message.length > LONGEST_MESSAGE || warnings.some((told) => told.length > LONGEST_WARNING))
    throw new Error("it is too long");
  if (!response.allowed && (patch.length > 0 || !message.startsWith("piggy: ")))
    throw new Error(`it is denied with ${text}`);
  return { review, response, patch };
}

async function check(given: string, hasText: boolean): Promise<string> {
  const first = await answered(given);
  if (first === undefined) return "no review";
  const { review, response, patch } = first;
  const code = response.auditAnnotations?.["denied"];
  if (!response.allowed) return `denied: ${code}`;
  if (patch.length === 0) return review === undefined ? "passed by unread" : "as it is";
  const object = copyOf(requestIn(review)["object"]);
  const faults = applyPatch(object, structuredClone([...patch])).filter((fault) => fault !== null);
  if (faults.length > 0) throw new Error(`the patch does not apply: ${faults}`);
  const literals = asksForSecrets(object) ? literalsIn(object, hasText) : [];
  if (literals.length > 0) throw new Error(`it would start with ${literals}`);
  const again = await answered(
    JSON.stringify({ ...copyObject(review), request: { ...requestIn(review), object } }),
  );
  if (again === undefined || !again.response.allowed || again.patch.length > 0) {
    throw new Error(`sent again it is changed again: ${JSON.stringify(again?.patch ?? again?.response)}`);
  }
  return "changed";
}

const copyObject = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

export const admissionPods = target({
  name: "admission-pod",
  inputs: madeReviews,
  check: (body) => check(body, false),
});

export const admissionBodies = target({
  name: "admission-body",
  inputs: fc.oneof(
    { weight: 3, arbitrary: worldlyReviews },
    { weight: 3, arbitrary: oddReviews },
    { weight: 1, arbitrary: damagedReviews },
  ),
  check: (body) => check(body, true),
});
