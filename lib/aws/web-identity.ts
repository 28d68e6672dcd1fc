/** IRSA: a projected token for temporary credentials. Source: AWS STS API Reference, AssumeRoleWithWebIdentity. */
import { readFile } from "node:fs/promises";
import { messageOf, PiggyError } from "../error.ts";
import { endpointOf } from "./endpoint.ts";
import type { AwsCredentials } from "./signature.ts";

export interface WebIdentity {
  readonly roleArn: string;
  readonly tokenFile: string;
  readonly sessionName: string;
  readonly region: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * @throws PiggyError `credentials_missing` when the token cannot be read, `aws_access_denied` when STS refuses,
 * `aws_unavailable` when it does not answer.
 */
export async function assumeRoleWithWebIdentity(identity: WebIdentity): Promise<AwsCredentials> {
  const { roleArn, tokenFile, sessionName, region, environment, signal } = identity;
  const token = await readToken(tokenFile);
  const endpoint = endpointOf("sts", region, environment);
  const form = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    WebIdentityToken: token,
  });
  let response: Response;
  let xml: string;
  try {
    response = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: form.toString(),
      signal,
    });
    xml = await response.text();
  } catch (error) {
    const what = signal.aborted ? "no answer in time" : messageOf(error);
    throw new PiggyError("aws_unavailable", `STS at ${endpoint.host}: ${what}`, { cause: error });
  }
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
  if (!response.ok) throw refusal(response.status, field("Code"), field("Message"), roleArn);
  const [accessKeyId, secretAccessKey] = [field("AccessKeyId"), field("SecretAccessKey")];
  if (accessKeyId === "" || secretAccessKey === "") {
    throw new PiggyError("aws_unavailable", `STS at ${endpoint.host}: an answer without credentials`);
  }
  return { accessKeyId, secretAccessKey, sessionToken: field("SessionToken") };
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    throw new PiggyError(
      "credentials_missing",
      `cannot read the token ${file} that AWS_WEB_IDENTITY_TOKEN_FILE names: is the role's annotation on the service account?`,
      { cause },
    );
  }
}

function refusal(status: number, code: string, message: string, roleArn: string): PiggyError {
  const said = `role ${roleArn}: ${code || `HTTP ${status}`}: ${message}`;
  if (status >= 500) return new PiggyError("aws_unavailable", said);
  if (code === "Throttling") return new PiggyError("aws_throttled", said);
  return new PiggyError("aws_access_denied", said);
}
