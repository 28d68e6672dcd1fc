/** Credentials of a container's or a developer's own. */
import type { Ask, CredentialContext, ReadText } from "./credentials/context.ts";
import { readText as readTextByBun } from "./read-text.ts";
import { type Send, sendByFetch } from "./send.ts";
import type { AwsCredentials } from "./signature.ts";
import type { WebIdentity } from "./web-identity.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What is between the search and the world. */
export interface Surroundings {
  readonly send?: Send;
  /** Without it nobody is there to be asked. */
  readonly ask?: Ask;
  readonly readText?: ReadText;
}

/**
 * The first that there are, in this order: keys of the environment, web identity, the profile's, the container's, the
 * instance's. A source that is named and fails ends the search.
 *
 * Source: AWS SDKs and Tools Reference Guide, "Understand the credential provider chain", and AWS CLI User Guide,
 * "Configuration and credentials precedence": the environment comes before the files, also where AWS_PROFILE is set.
 * So do the SDKs for Go, Java and Python; the one for JavaScript prefers AWS_PROFILE to keys, warns, and announces that
 * it may change.
 * @throws PiggyError `credentials_missing` when there are none, or the one that is named cannot be had;
 * `setting_invalid`, `region_invalid`, `aws_access_denied`, `aws_credentials_refused`, `aws_throttled`, `aws_unavailable`.
 */
export async function resolveCredentials(
  environment: Environment,
  region: string,
  signal: AbortSignal,
  { send = sendByFetch, ask = async () => undefined, readText = readTextByBun }: Surroundings = {},
): Promise<AwsCredentials> {
  const keys = keysOf(environment);
  if (keys !== undefined) return keys;
  const context: CredentialContext = { environment, region, signal, send, ask, readText };
  const identity = webIdentityOf(environment);
  // Each source is loaded when it is its turn: static keys pay for none, and IRSA for its own alone.
  if (identity !== undefined) {
    const { assumeRoleWithWebIdentity } = await import("./web-identity.ts");
    return assumeRoleWithWebIdentity(identity, context);
  }
  const { searchCredentials } = await import("./credentials/search.ts");
  return searchCredentials(context);
}

function keysOf(environment: Environment): AwsCredentials | undefined {
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: environment["AWS_SESSION_TOKEN"] || undefined };
}

/** What STS will be asked with, where the environment names it and no keys. */
export function webIdentityOf(environment: Environment): WebIdentity | undefined {
  const roleArn = environment["AWS_ROLE_ARN"];
  const tokenFile = environment["AWS_WEB_IDENTITY_TOKEN_FILE"];
  if (!roleArn || !tokenFile || keysOf(environment) !== undefined) return undefined;
  const sessionName = environment["AWS_ROLE_SESSION_NAME"] || "piggy-env";
  return { roleArn, tokenFile, sessionName, namedBy: "AWS_WEB_IDENTITY_TOKEN_FILE" };
}
