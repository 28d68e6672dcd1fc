/** The wire: AdmissionReview admission.k8s.io/v1. Source: Kubernetes API reference, admission.k8s.io/v1. */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../json.ts";
import type { Audit } from "./audit.ts";
import type { Operation } from "./patch.ts";

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
  const review = parseJson(body);
  if (review === undefined) throw invalid(body === "" ? "the body is empty" : "the body is not JSON");
  if (!isJsonObject(review)) throw invalid("the body is not a JSON object");
  if (review["kind"] !== KIND || review["apiVersion"] !== API_VERSION) {
    const got = `${String(review["apiVersion"] ?? "")} ${String(review["kind"] ?? "")}`.trim().slice(0, 100);
    throw invalid(
      `it is ${got || "of no kind"}; in the webhook configuration, admissionReviewVersions is ["v1"]`,
    );
  }
  const { request } = review;
  if (!isJsonObject(request)) throw invalid("it has no request");
  const text = (field: string) => (typeof request[field] === "string" ? request[field] : "");
  if (text("uid") === "") throw invalid("its request has no uid");
  const kind = isJsonObject(request["kind"]) ? request["kind"] : {};
  return {
    uid: text("uid"),
    kind: `${kind["group"] || "core"}/${kind["kind"] ?? ""}`,
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

/** The answer to a request, with its uid. An empty patch is no patch. */
export function formatReview(uid: string, outcome: AdmissionOutcome): JsonObject {
  const { allowed, patch = [], warnings = [], audit = {}, status } = outcome;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    response: {
      uid,
      allowed,
      ...(patch.length > 0
        ? { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }
        : {}),
      ...(warnings.length > 0 ? { warnings } : {}),
      ...(Object.keys(audit).length > 0 ? { auditAnnotations: audit } : {}),
      ...(status === undefined ? {} : { status }),
    },
  };
}
