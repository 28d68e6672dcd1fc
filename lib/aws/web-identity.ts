/** IRSA: a projected token for temporary credentials. Source: AWS STS API Reference, AssumeRoleWithWebIdentity. */

import { PiggyError } from "../error.ts";
import type { CredentialContext } from "./credentials/context.ts";
import type { AwsCredentials } from "./signature.ts";
import { askSts } from "./sts.ts";

export interface WebIdentity {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly tokenFile: string;
  /** Which setting names the file, for the error. */
  readonly namedBy: string;
}

/**
 * @throws PiggyError `credentials_missing` when the token cannot be read, `aws_access_denied` when STS refuses,
 * `aws_throttled`, `aws_unavailable` when it does not answer.
 */
export async function assumeRoleWithWebIdentity(
  { roleArn, sessionName, tokenFile, namedBy }: WebIdentity,
  context: CredentialContext,
): Promise<AwsCredentials> {
  const token = await readToken(tokenFile, namedBy, context);
  const parameters = { WebIdentityToken: token };
  const call = { action: "AssumeRoleWithWebIdentity", roleArn, sessionName, parameters } as const;
  try {
    return await askSts(call, context);
  } catch (error) {
    const { withAdvice } = await import("./web-identity-failure.ts");
    throw withAdvice(error);
  }
}

async function readToken(file: string, namedBy: string, { readText }: CredentialContext): Promise<string> {
  try {
    return (await readText(file)).trim();
  } catch (cause) {
    throw new PiggyError(
      "credentials_missing",
      `cannot read the token ${file} that ${namedBy} names: is the role's annotation on the service account?`,
      { cause },
    );
  }
}
