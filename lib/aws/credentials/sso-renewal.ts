/**
 * A new token for one that has expired, with which the AWS CLI goes on too: AWS may take the old one's refresh token
 * only once. Sources: IAM Identity Center OIDC API Reference, CreateToken; botocore, tokens.py, SSOTokenProvider.
 */
import { PiggyError } from "../../error.ts";
import { type JsonObject, objectOf, parseJson, stringOf } from "../../json.ts";
import { endpointOf } from "../endpoint.ts";
import { type Received, receive } from "../send.ts";
import type { CredentialContext } from "./context.ts";

/** `problem`: why there is none and a login is needed. */
export type Renewal = { readonly token: string } | { readonly problem: string };

/**
 * @param file the cache's, which gets the new token
 * @throws PiggyError `region_invalid`, `setting_invalid`, `aws_throttled`, `aws_untrusted`, `aws_unavailable`
 */
export async function renewToken(
  file: string,
  cached: JsonObject,
  region: string,
  { environment, send, signal }: CredentialContext,
): Promise<Renewal> {
  const body = requestOf(cached);
  if (body === undefined) return { problem: "has expired" };
  const url = endpointOf("sso-oidc", region, environment);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/token`;
  const headers = { "content-type": "application/json" };
  const answer = await receive(send, url, { method: "POST", headers, body, signal }, `SSO at ${url.host}`);
  if (answer.status !== 200) return await refusal(answer, url);
  const { accessToken, expiresIn, refreshToken } = objectOf(parseJson(answer.body));
  if (typeof accessToken !== "string" || typeof expiresIn !== "number") {
    throw new PiggyError("aws_unavailable", `SSO at ${url.host}: an answer without a token`);
  }
  // The CLI writes whole seconds.
  const expiresAt = new Date(Date.now() + expiresIn * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const renewable = typeof refreshToken === "string" ? { refreshToken } : {};
  await save(file, { ...cached, accessToken, expiresAt, ...renewable });
  return { token: accessToken };
}

/** Undefined when there is nothing to renew it with, or the client's registration has expired as well. */
function requestOf(cached: JsonObject): string | undefined {
  const { clientId, clientSecret, refreshToken, registrationExpiresAt } = cached;
  if (![clientId, clientSecret, refreshToken].every((value) => typeof value === "string")) return undefined;
  if (typeof registrationExpiresAt !== "string") return undefined;
  const isRegistered = new Date(registrationExpiresAt).getTime() > Date.now();
  if (!isRegistered) return undefined;
  return JSON.stringify({ clientId, clientSecret, grantType: "refresh_token", refreshToken });
}

async function refusal({ status, body }: Received, url: URL): Promise<Renewal> {
  if (status === 429) throw new PiggyError("aws_throttled", `SSO at ${url.host}: HTTP 429`);
  if (status < 400 || status > 499) {
    throw new PiggyError("aws_unavailable", `SSO at ${url.host}: HTTP ${status}`);
  }
  const code = stringOf(objectOf(parseJson(body))["error"]);
  const { withoutRequest } = await import("../failure.ts");
  return { problem: `has expired and is not renewed (${withoutRequest(code ?? `HTTP ${status}`)})` };
}

/**
 * In the old one's place at once, for nobody else to read. Where the home is read-only the token is good all the same,
 * for this start.
 */
async function save(file: string, token: JsonObject): Promise<void> {
  // An import would put more than a megabyte into the injector, which every start pays for.
  const { rename, rm, writeFile } = process.getBuiltinModule("node:fs/promises");
  const unfinished = `${file}.${crypto.randomUUID()}`;
  try {
    await writeFile(unfinished, JSON.stringify(token), { mode: 0o600, flag: "wx" });
    await rename(unfinished, file);
  } catch {
    await rm(unfinished, { force: true }).catch(() => {});
  }
}
