/** Who asks: the token's claims are read to refuse garbage, the API server decides. */
import { TOKEN_AUDIENCE } from "../own-token.ts";
import type { Claims } from "./claims.ts";
import { Denial } from "./denial.ts";
import type { SecretsWorld, TokenReviewAnswer } from "./world.ts";

/** Whether default tokens are taken: by the rule for Pods of older webhooks, always, or never. */
export type DefaultTokens = "auto" | "true" | "false";

export interface Caller {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The Pod that the token is bound to. A token of our audience always is; another only in newer clusters. */
  readonly pod: { readonly name: string; readonly uid: string } | undefined;
  /** Whether the token was made for us alone, or is one that its holder also shows to others. */
  readonly tokenKind: "own" | "default";
}

const USERNAME = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * @throws Denial for a token that is not good; PiggyError when the API server cannot say.
 */
export async function authenticate(
  token: string,
  { isForUs }: Claims,
  defaultTokens: DefaultTokens,
  world: SecretsWorld,
  signal: AbortSignal,
): Promise<Caller> {
  const tokenKind = isForUs ? "own" : "default";
  if (tokenKind === "default" && defaultTokens === "false") {
    throw new Denial(`the token's audience is not ${TOKEN_AUDIENCE} and default tokens are not accepted`);
  }
  // One review never lists both audiences: a token for another audience must not be taken for ours.
  const review = await world.reviewToken(token, tokenKind === "own" ? [TOKEN_AUDIENCE] : [], signal);
  if (!review.authenticated)
    throw new Denial(`token not authenticated: ${review.error || "no reason given"}`);
  if (tokenKind === "own") requireOwn(review);
  const [, namespace, serviceAccount] = USERNAME.exec(review.username) ?? [];
  if (!namespace || !serviceAccount) throw new Denial(`${review.username} is not a service account`);
  return { namespace, serviceAccount, pod: review.pod, tokenKind };
}

/** An API server too old to know audiences answers without them, and then the audience is not proved. */
function requireOwn(review: TokenReviewAnswer): void {
  if (!review.audiences.includes(TOKEN_AUDIENCE))
    throw new Denial("the review does not confirm the audience");
  if (review.pod === undefined) throw new Denial("the token is bound to no Pod");
}
