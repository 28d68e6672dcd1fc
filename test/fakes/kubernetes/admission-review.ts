import type { Operation } from "rfc6902";
import type { Pod } from "./pod.ts";
import { boolean, type JsonObject, list, number, object, type Parsed, record, string } from "./schema.ts";

const API_VERSION = "admission.k8s.io/v1";
const POD = { group: "", version: "v1", kind: "Pod" };
const PODS = { group: "", version: "v1", resource: "pods" };

/** An AdmissionReview of a Pod's CREATE, as an API server sends it. */
export function podReview(
  pod: Pod,
): JsonObject & { readonly request: JsonObject & { readonly uid: string } } {
  const { name, namespace } = pod.metadata;
  return {
    kind: "AdmissionReview",
    apiVersion: API_VERSION,
    request: {
      uid: crypto.randomUUID(),
      kind: POD,
      resource: PODS,
      requestKind: POD,
      requestResource: PODS,
      // A generated name is given after admission: until then there is none.
      ...(name !== undefined && { name }),
      namespace,
      operation: "CREATE",
      userInfo: {
        username: "system:serviceaccount:kube-system:replicaset-controller",
        uid: "5b8b4a2e-8a7b-4d0f-9c55-6f3f0a8d1c22",
        groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
      },
      object: pod,
      oldObject: null,
      dryRun: false,
      options: {
        kind: "CreateOptions",
        apiVersion: "meta.k8s.io/v1",
        fieldManager: "kube-controller-manager",
      },
    },
  };
}

const parseAnswer = object(
  {
    apiVersion: string,
    kind: string,
    response: object(
      { uid: string, allowed: boolean },
      {
        patch: string,
        patchType: string,
        warnings: list(string),
        auditAnnotations: record(string),
        status: object({}, { code: number, message: string, reason: string }),
      },
    ),
  },
  {},
);

export type AdmissionResponse = Parsed<typeof parseAnswer>["response"];

/** The rules of the API server's VerifyAdmissionResponse. Throws an Error that names the fault. */
export function verifyResponse(answer: unknown, uid: string): AdmissionResponse {
  const { apiVersion, kind, response } = parseAnswer(answer, "AdmissionReview");
  require(apiVersion === API_VERSION && kind === "AdmissionReview", `expected webhook response of \
${API_VERSION} AdmissionReview, got ${apiVersion} ${kind}`);
  require(response.uid === uid, `expected response.uid="${uid}", got "${response.uid}"`);
  const { patch, patchType } = response;
  require(!patch || patchType !== undefined, "webhook returned response.patch but not response.patchType");
  require(patch || patchType === undefined, "webhook returned response.patchType but not response.patch");
  require(!patch ||
    patchType === "JSONPatch", `webhook returned invalid response.patchType of "${patchType}"`);
  return response;
}

const parseOperations = list(object({ op: string, path: string }, { from: string }));

/** The operations of a response's patch. Throws for one that is not base64 of a JSON Patch (RFC 6902). */
export function decodePatch({ patch = "" }: AdmissionResponse): readonly Operation[] {
  if (patch === "") return [];
  // Go's decoder takes padded standard base64 and nothing else; JavaScript's is lenient.
  const bytes = Buffer.from(patch, "base64");
  require(bytes.toString("base64") === patch, "response.patch is not base64");
  const operations: unknown = JSON.parse(bytes.toString("utf8"));
  return parseOperations(operations, "response.patch").map(toOperation);
}

function toOperation(entry: JsonObject & { op: string; path: string; from?: string }): Operation {
  const { op, path, from, value } = entry;
  switch (op) {
    case "add":
    case "replace":
    case "test":
      require("value" in entry, `response.patch: ${op} ${path} has no value`);
      return { op, path, value };
    case "remove":
      return { op, path };
    case "move":
    case "copy":
      if (from === undefined) throw new Error(`response.patch: ${op} ${path} has no from`);
      return { op, path, from };
    default:
      throw new Error(`response.patch: unexpected kind of operation "${op}"`);
  }
}

function require(condition: unknown, fault: string): void {
  if (!condition) throw new Error(fault);
}
