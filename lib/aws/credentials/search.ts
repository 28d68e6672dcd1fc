/** The sources behind the environment's own keys and roles: profile, container, instance. */
import { PiggyError } from "../../error.ts";
import type { AwsCredentials } from "../signature.ts";
import type { CredentialContext } from "./context.ts";
import { profileNameOf, readProfileFiles } from "./profile-files.ts";

/** @throws PiggyError `credentials_missing`, with what was looked for, or as the source that is named throws */
export async function searchCredentials(context: CredentialContext): Promise<AwsCredentials> {
  const { environment } = context;
  const files = await readProfileFiles(environment);
  const profileName = profileNameOf(environment);
  if (files.profiles.has(profileName)) {
    const { profileCredentials } = await import("./profile.ts");
    const credentials = await profileCredentials(profileName, files, context);
    if (credentials !== undefined) return credentials;
  } else if (environment["AWS_PROFILE"]) {
    throw new PiggyError(
      "credentials_missing",
      `AWS_PROFILE names the profile ${profileName}, which is not in ${describePaths(files.paths)}`,
    );
  }
  if (
    environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] ||
    environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
  ) {
    const { containerCredentials } = await import("./container.ts");
    return containerCredentials(context);
  }
  const { instanceCredentials } = await import("./instance-metadata.ts");
  const answer = await instanceCredentials(context);
  if ("credentials" in answer) return answer.credentials;
  const profile = `credentials of profile ${profileName} in ${describePaths(files.paths)}`;
  throw new PiggyError(
    "credentials_missing",
    "no AWS credentials: looked for AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, AWS_ROLE_ARN with " +
      `AWS_WEB_IDENTITY_TOKEN_FILE, ${profile}, AWS_CONTAINER_CREDENTIALS_FULL_URI and the instance's role ` +
      `(${answer.absent}). In a Pod, annotate the service account with a role (IRSA) or give it a Pod Identity ` +
      "association; on a laptop, set AWS_PROFILE",
  );
}

function describePaths(paths: readonly string[]): string {
  return paths.length === 0 ? "any file: HOME is not set" : paths.join(" or ");
}
