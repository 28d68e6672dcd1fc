/**
 * IAM Identity Center: the token that `aws sso login` left behind, for a role's credentials.
 * Sources: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; IAM Identity Center Portal
 * API Reference, GetRoleCredentials.
 */

import { messageOf, PiggyError } from "../../error.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../json.ts";
import { endpointOf } from "../endpoint.ts";
import { readText } from "../read-text.ts";
import { type Received, sendFault } from "../send.ts";
import type { AwsCredentials } from "../signature.ts";
import type { CredentialContext } from "./context.ts";
import { ownAwsPath, type ProfileFiles } from "./profile-files.ts";
import type { SsoSettings } from "./profile-source.ts";

/**
 * @throws PiggyError `setting_invalid`; `credentials_missing`, saying how to log in, without a token that is valid;
 * `aws_access_denied`, `aws_throttled`, `aws_untrusted`, `aws_unavailable`
 */
export async function ssoCredentials(
  sso: SsoSettings,
  profile: string,
  files: ProfileFiles,
  context: CredentialContext,
): Promise<AwsCredentials> {
  const { region, tokenId } = sessionOf(sso, profile, files);
  const token = await readToken(tokenId, profile, context.environment);
  const url = endpointOf("sso", region, context.environment);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/federation/credentials`;
  url.search = new URLSearchParams({ role_name: sso.roleName, account_id: sso.accountId }).toString();
  const { send, signal } = context;
  let answer: Received;
  try {
    answer = await send(url, { method: "GET", headers: { "x-amz-sso_bearer_token": token }, signal });
  } catch (error) {
    const what = signal.aborted ? "no answer in time" : messageOf(error);
    throw new PiggyError(sendFault(error), `SSO at ${url.host}: ${what}`, { cause: error });
  }
  if (answer.status === 401) throw loginNeeded(profile, "is no longer valid");
  const role = `role ${sso.roleName} of account ${sso.accountId} by SSO`;
  if (answer.status !== 200) throw refusal(answer, role);
  return readCredentials(answer.body, role);
}

interface SsoSession {
  readonly region: string;
  /** What the cached token's file is named after. */
  readonly tokenId: string;
}

function sessionOf(sso: SsoSettings, profile: string, { ssoSessions }: ProfileFiles): SsoSession {
  const invalid = (problem: string) =>
    new PiggyError("setting_invalid", `AWS profile ${profile}: ${problem}`);
  if (sso.session === undefined) {
    if (sso.startUrl === undefined || sso.region === undefined) {
      throw invalid("SSO needs sso_session, or sso_start_url and sso_region: run `aws configure sso`");
    }
    return { region: sso.region, tokenId: sso.startUrl };
  }
  const session = ssoSessions.get(sso.session);
  if (session === undefined) throw invalid(`there is no section [sso-session ${sso.session}]`);
  const region = session.get("sso_region");
  if (region === undefined) throw invalid(`[sso-session ${sso.session}] has no sso_region`);
  return { region, tokenId: sso.session };
}

async function readToken(
  tokenId: string,
  profile: string,
  environment: CredentialContext["environment"],
): Promise<string> {
  const hash = new Bun.CryptoHasher("sha1").update(tokenId).digest("hex");
  const file = ownAwsPath(environment, "sso", "cache", `${hash}.json`);
  if (file === undefined) {
    throw new PiggyError("setting_invalid", `AWS profile ${profile}: SSO needs HOME, where its token is`);
  }
  const text = await readText(file).catch(() => "");
  const value = parseJson(text);
  const { accessToken, expiresAt } = isJsonObject(value) ? value : {};
  if (typeof accessToken !== "string" || typeof expiresAt !== "string")
    throw loginNeeded(profile, "is not there");
  // What is no date is as good as expired.
  const isValid = new Date(expiresAt).getTime() > Date.now();
  if (!isValid) throw loginNeeded(profile, "has expired");
  return accessToken;
}

function loginNeeded(profile: string, problem: string): PiggyError {
  return new PiggyError(
    "credentials_missing",
    `the SSO session of AWS profile ${profile} ${problem}: run \`aws sso login --profile ${profile}\``,
  );
}

function refusal({ status, body }: Received, role: string): PiggyError {
  const value = parseJson(body);
  const message = isJsonObject(value) ? value["message"] : undefined;
  const said = `${role}: HTTP ${status}${typeof message === "string" ? `: ${message}` : ""}`;
  if (status === 429) return new PiggyError("aws_throttled", said);
  return new PiggyError(status >= 400 && status < 500 ? "aws_access_denied" : "aws_unavailable", said);
}

function readCredentials(body: string, role: string): AwsCredentials {
  const value = parseJson(body);
  const given = isJsonObject(value) ? value["roleCredentials"] : undefined;
  const { accessKeyId, secretAccessKey, sessionToken }: JsonObject = isJsonObject(given) ? given : {};
  if (
    typeof accessKeyId === "string" &&
    typeof secretAccessKey === "string" &&
    typeof sessionToken === "string"
  ) {
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  throw new PiggyError("aws_unavailable", `${role}: an answer without credentials`);
}
