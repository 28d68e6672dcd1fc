/** The wire: AdmissionReview admission.k8s.io/v1. Source: Kubernetes API reference, admission.k8s.io/v1. */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonValue, objectOf, parseJson, stringOf } from "../json.ts";
import type { Audit } from "./audit.ts";
import type { Operation } from "./json-patch.ts";
import { parseWithoutManagedFields } from "./managed-fields.ts";

const API_VERSION = "admission.k8s.io/v1";
const KIND = "AdmissionReview";

export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: string;
  readonly operation: string;
  readonly subResource: string;
  readonly namespace: string;
  readonly object: JsonValue;
  /** What an update replaces; null where there is nothing before. */
  readonly oldObject: JsonValue;
}

export interface AdmissionOutcome {
  readonly allowed: boolean;
  readonly patch?: readonly Operation[];
  readonly warnings?: readonly string[];
  /** For the API server's audit log. */
  readonly audit?: Audit;
  /** Why not. */
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

/**
 * @throws PiggyError `review_invalid` when the body holds no request that could be answered.
 */
export function parseReview(body: string): AdmissionRequest {
  const review = parseWithoutManagedFields(body) ?? parseJson(body);
  if (review === undefined) throw invalid(body === "" ? "the body is empty" : "the body is not JSON");
  if (!isJsonObject(review)) throw invalid("the body is not a JSON object");
  if (review["kind"] !== KIND || review["apiVersion"] !== API_VERSION) {
    const got = `${stringOf(review["apiVersion"]) ?? ""} ${stringOf(review["kind"]) ?? ""}`
      .trim()
      .slice(0, 100);
    throw invalid(
      `it is ${got || "of no kind"}; in the webhook configuration, admissionReviewVersions is ["v1"]`,
    );
  }
  const { request } = review;
  if (!isJsonObject(request)) throw invalid("it has no request");
  const text = (field: string) => stringOf(request[field]) ?? "";
  if (text("uid") === "") throw invalid("its request has no uid");
  const kind = objectOf(request["kind"]);
  return {
    uid: text("uid"),
    kind: `${stringOf(kind["group"]) || "core"}/${stringOf(kind["kind"]) ?? ""}`,
    operation: text("operation"),
    subResource: text("subResource"),
    namespace: text("namespace"),
    object: request["object"] ?? null,
    oldObject: request["oldObject"] ?? null,
  };
}

function invalid(what: string): PiggyError {
  return new PiggyError("review_invalid", `expected an ${KIND} of ${API_VERSION}: ${what}`);
}

/** The answer to a request, with its uid, as JSON. An empty patch is no patch. */
export function formatReview(uid: string, outcome: AdmissionOutcome): string {
  const { allowed, patch = [], warnings = [], audit = {}, status } = outcome;
  const response: Record<string, JsonValue | undefined> = { uid, allowed };
  if (warnings.length > 0) response["warnings"] = warnings;
  if (Object.keys(audit).length > 0) response["auditAnnotations"] = audit;
  if (status !== undefined) response["status"] = status;
  const text = JSON.stringify(response);
  // The patch is the most of it, and needs no second look for what would have to be escaped.
  const end =
    patch.length === 0 ? "}" : `,"patchType":"JSONPatch","patch":"${base64(JSON.stringify(patch))}"}`;
  return `{"apiVersion":"${API_VERSION}","kind":"${KIND}","response":${text.slice(0, -1)}${end}}`;
}

/** For every patch of a usual length: a fresh one would be as long, and cold. */
const BYTES = Buffer.allocUnsafeSlow(64 * 1024);
const MOST_BYTES_A_CHARACTER = 3;

function base64(text: string): string {
  if (text.length * MOST_BYTES_A_CHARACTER > BYTES.length) return Buffer.from(text).toString("base64");
  return BYTES.toString("base64", 0, BYTES.write(text));
}
