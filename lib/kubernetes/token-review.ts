/** TokenReview authentication.k8s.io/v1. Source: Kubernetes API reference, TokenReview. */
import { type JsonObject, objectOf, stringOf, stringsOf } from "../json.ts";
import type { KubernetesClient } from "./client.ts";
import { refused } from "./objects.ts";

export interface TokenReviewStatus {
  readonly authenticated: boolean;
  readonly username: string;
  readonly audiences: readonly string[];
  /** The Pod that the token is bound to, if it is bound to one. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
  /** Why it was not authenticated. */
  readonly error: string;
}

const POD_NAME = "authentication.kubernetes.io/pod-name";
const POD_UID = "authentication.kubernetes.io/pod-uid";

/**
 * Asks the API server whose token it is. Without audiences the API server's own are asked for.
 * @throws PiggyError `kubernetes_error` when we may not ask, `kubernetes_unavailable` when no answer came.
 */
export async function reviewToken(
  client: KubernetesClient,
  token: string,
  audiences: readonly string[],
  signal: AbortSignal,
): Promise<TokenReviewStatus> {
  const response = await client.request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, ...(audiences.length > 0 ? { audiences } : {}) },
    },
    shorten: statusAlone,
    signal,
  });
  if (!response.ok) throw refused(response);
  return parseStatus(objectOf(response.object["status"]));
}

const STATUS = '},"status":{';

/**
 * The answer repeats the token, and says who set which field of a review that nobody keeps. Its status comes last, and
 * none of the strings before it can hold a quotation mark that is not escaped.
 */
function statusAlone(text: string): string {
  const at = text.indexOf(STATUS);
  return at < 0 ? text : `{${text.slice(at + 2)}`;
}

function parseStatus(status: JsonObject): TokenReviewStatus {
  const user = objectOf(status["user"]);
  const extra = objectOf(user["extra"]);
  const [name] = stringsOf(extra[POD_NAME]);
  const [uid] = stringsOf(extra[POD_UID]);
  return {
    authenticated: status["authenticated"] === true,
    username: stringOf(user["username"]) ?? "",
    audiences: stringsOf(status["audiences"]),
    pod: name && uid ? { name, uid } : undefined,
    error: stringOf(status["error"]) ?? "",
  };
}
