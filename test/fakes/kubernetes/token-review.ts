import { list, object, string } from "./schema.ts";
import { badRequest, StatusError } from "./status.ts";
import { InvalidToken, type TokenAuthority } from "./tokens.ts";

const parseReview = object(
  { apiVersion: string, kind: string, spec: object({}, { token: string, audiences: list(string) }) },
  {},
);

const API_VERSION = "authentication.k8s.io/v1";

/** authentication.k8s.io/v1 TokenReview, answered. Throws a StatusError or a SchemaError for a body that is none. */
export async function reviewToken(body: unknown, tokens: TokenAuthority): Promise<object> {
  const review = parseReview(body, "TokenReview");
  if (review.kind !== "TokenReview" || review.apiVersion !== API_VERSION) {
    throw new StatusError(
      badRequest(`no kind "${review.kind}" is registered for version "${review.apiVersion}"`),
    );
  }
  const { token, audiences = [] } = review.spec;
  if (!token) throw new StatusError(badRequest("token is required for TokenReview in authentication"));
  const targets = audiences.length > 0 ? audiences : [tokens.issuer];
  return {
    kind: "TokenReview",
    apiVersion: API_VERSION,
    metadata: { creationTimestamp: null },
    spec: review.spec,
    status: await statusOf(token, targets, tokens),
  };
}

async function statusOf(
  token: string,
  audiences: readonly string[],
  tokens: TokenAuthority,
): Promise<object> {
  try {
    return { authenticated: true, ...(await tokens.authenticate(token, audiences)) };
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    // `authenticated` is left out when false: the field is omitempty.
    return { user: {}, error: `[invalid bearer token, ${error.message}]` };
  }
}
