/**
 * IAM Identity Center: the token that `aws sso login` left behind, for a role's credentials.
 * Sources: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; IAM Identity Center Portal
 * API Reference, GetRoleCredentials.
 */

import { PiggyError } from "../../error.ts";
import { objectOf, parseJson, stringOf } from "../../json.ts";
import { endpointOf } from "../endpoint.ts";
import { type Received, receive } from "../send.ts";
import type { AwsCredentials } from "../signature.ts";
import type { CredentialContext } from "./context.ts";
import type { ProfileFiles } from "./profile-files.ts";
import type { SsoSettings } from "./profile-source.ts";
import { loginNeeded, type SsoSession, ssoToken } from "./sso-token.ts";

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
  const session = sessionOf(sso, profile, files);
  const token = await ssoToken(session, profile, context);
  const url = endpointOf("sso", session.region, context.environment);
  url.pathname = `${url.pathname.replace(/\/$/, "")}/federation/credentials`;
  url.search = new URLSearchParams({ role_name: sso.roleName, account_id: sso.accountId }).toString();
  const { send, signal } = context;
  const headers = { "x-amz-sso_bearer_token": token };
  const answer = await receive(send, url, { method: "GET", headers, signal }, `SSO at ${url.host}`);
  if (answer.status === 401) throw loginNeeded(profile, "is no longer valid");
  const role = `role ${sso.roleName} of account ${sso.accountId} by SSO`;
  if (answer.status !== 200) throw await refusal(answer, role);
  return readCredentials(answer.body, role);
}

function sessionOf(sso: SsoSettings, profile: string, { ssoSessions }: ProfileFiles): SsoSession {
  const invalid = (problem: string) =>
    new PiggyError("setting_invalid", `AWS profile ${profile}: ${problem}`);
  if (sso.session === undefined) {
    if (sso.startUrl === undefined || sso.region === undefined) {
      throw invalid("SSO needs sso_session, or sso_start_url and sso_region: run `aws configure sso`");
    }
    return { region: sso.region, tokenId: sso.startUrl, isRenewable: false };
  }
  const session = ssoSessions.get(sso.session);
  if (session === undefined) throw invalid(`there is no section [sso-session ${sso.session}]`);
  const region = session.get("sso_region");
  if (region === undefined) throw invalid(`[sso-session ${sso.session}] has no sso_region`);
  return { region, tokenId: sso.session, isRenewable: true };
}

async function refusal({ status, body }: Received, role: string): Promise<PiggyError> {
  const message = stringOf(objectOf(parseJson(body))["message"]);
  const { withoutRequest } = await import("../failure.ts");
  const said = `${role}: HTTP ${status}${message === undefined ? "" : `: ${withoutRequest(message)}`}`;
  if (status === 429) return new PiggyError("aws_throttled", said);
  return new PiggyError(status >= 400 && status < 500 ? "aws_access_denied" : "aws_unavailable", said);
}

function readCredentials(body: string, role: string): AwsCredentials {
  const given = objectOf(parseJson(body))["roleCredentials"];
  const { accessKeyId, secretAccessKey, sessionToken } = objectOf(given);
  if (
    typeof accessKeyId === "string" &&
    typeof secretAccessKey === "string" &&
    typeof sessionToken === "string"
  ) {
    return { accessKeyId, secretAccessKey, sessionToken };
  }
  throw new PiggyError("aws_unavailable", `${role}: an answer without credentials`);
}
