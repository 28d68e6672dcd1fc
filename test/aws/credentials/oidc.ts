/** CreateToken, as far as it renews. Source: IAM Identity Center OIDC API Reference. */
import { isRecord } from "../../fakes/aws/input.ts";

/** What `aws sso login` got for a client and its user, and keeps beside the access token. */
export const REGISTRATION = {
  clientId: "the-client",
  clientSecret: "the-client-secret",
  refreshToken: "the-refresh-token",
} as const;

export const NEXT_REFRESH_TOKEN = "the-next-refresh-token";
export const LIFETIME_SECONDS = 28_800;

const refused = (error: string, status = 400) =>
  Response.json({ error, error_description: "as its code says" }, { status });

/** Answers with an access token for the registration above, and with AWS's refusals for any other. */
export async function createToken(request: Request, accessToken: string): Promise<Response> {
  const isJson = request.headers.get("content-type") === "application/json";
  const input: unknown = isJson ? await request.json().catch(() => undefined) : undefined;
  if (request.method !== "POST" || !isRecord(input)) return refused("invalid_request");
  if (input["grantType"] !== "refresh_token") return refused("unsupported_grant_type");
  const { clientId, clientSecret, refreshToken } = REGISTRATION;
  if (input["clientId"] !== clientId || input["clientSecret"] !== clientSecret) {
    return refused("invalid_client", 401);
  }
  if (input["refreshToken"] !== refreshToken) return refused("invalid_grant");
  return Response.json({
    accessToken,
    expiresIn: LIFETIME_SECONDS,
    refreshToken: NEXT_REFRESH_TOKEN,
    tokenType: "Bearer",
  });
}
