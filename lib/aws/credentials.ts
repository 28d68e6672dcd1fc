/** Credentials of a container's own: static keys, or a role by web identity. */
import { PiggyError } from "../error.ts";
import type { AwsCredentials } from "./signature.ts";

/**
 * The first that the environment has, in the order of the AWS SDKs: keys, then web identity.
 * @throws PiggyError `credentials_missing` when there is none.
 */
export async function resolveCredentials(
  environment: Readonly<Record<string, string | undefined>>,
  region: string,
  signal: AbortSignal,
): Promise<AwsCredentials> {
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken: environment["AWS_SESSION_TOKEN"] || undefined };
  }
  const roleArn = environment["AWS_ROLE_ARN"];
  const tokenFile = environment["AWS_WEB_IDENTITY_TOKEN_FILE"];
  if (roleArn && tokenFile) {
    // Static keys need no STS.
    const { assumeRoleWithWebIdentity } = await import("./web-identity.ts");
    const sessionName = environment["AWS_ROLE_SESSION_NAME"] || "piggy-env";
    return assumeRoleWithWebIdentity({ roleArn, tokenFile, sessionName, region, environment, signal });
  }
  throw new PiggyError(
    "credentials_missing",
    "no AWS credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor AWS_ROLE_ARN and " +
      "AWS_WEB_IDENTITY_TOKEN_FILE are set. With IRSA, annotate the service account with its role",
  );
}
