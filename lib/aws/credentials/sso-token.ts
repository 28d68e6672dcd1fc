/** The token that `aws sso login` left in its cache. Source: botocore, utils.py, SSOTokenLoader. */
import { PiggyError } from "../../error.ts";
import { isJsonObject, parseJson } from "../../json.ts";
import { readText } from "../read-text.ts";
import type { CredentialContext } from "./context.ts";
import { ownAwsPath } from "./profile-files.ts";

export interface SsoSession {
  readonly region: string;
  /** What the cached token's file is named after. */
  readonly tokenId: string;
  /** A profile with an SSO start URL of its own has no token but the first. */
  readonly isRenewable: boolean;
}

/**
 * The access token, renewed if it has expired and can be.
 * @throws PiggyError `setting_invalid` without HOME; `credentials_missing`, saying how to log in; as renewToken throws
 */
export async function ssoToken(
  { region, tokenId, isRenewable }: SsoSession,
  profile: string,
  context: CredentialContext,
): Promise<string> {
  const hash = new Bun.CryptoHasher("sha1").update(tokenId).digest("hex");
  const file = ownAwsPath(context.environment, "sso", "cache", `${hash}.json`);
  if (file === undefined) {
    throw new PiggyError("setting_invalid", `AWS profile ${profile}: SSO needs HOME, where its token is`);
  }
  const text = await readText(file).catch(() => "");
  const cached = parseJson(text);
  if (!isJsonObject(cached)) throw loginNeeded(profile, "is not there");
  const { accessToken, expiresAt } = cached;
  if (typeof accessToken !== "string" || typeof expiresAt !== "string")
    throw loginNeeded(profile, "is not there");
  // What is no date is as good as expired.
  const isValid = new Date(expiresAt).getTime() > Date.now();
  if (isValid) return accessToken;
  if (!isRenewable) throw loginNeeded(profile, "has expired");
  const { renewToken } = await import("./sso-renewal.ts");
  const renewal = await renewToken(file, cached, region, context);
  if ("token" in renewal) return renewal.token;
  throw loginNeeded(profile, renewal.problem);
}

export function loginNeeded(profile: string, problem: string): PiggyError {
  return new PiggyError(
    "credentials_missing",
    `the SSO session of AWS profile ${profile} ${problem}: run \`aws sso login --profile ${profile}\``,
  );
}
