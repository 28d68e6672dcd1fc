/** Credentials of a profile. Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider". */
import { PiggyError } from "../../error.ts";
import type { AwsCredentials } from "../signature.ts";
import type { CredentialContext } from "./context.ts";
import type { ProfileFiles } from "./profile-files.ts";
import { type NamedSource, profileSource, type RoleSettings } from "./profile-source.ts";

/**
 * Undefined when the profile says nothing about credentials.
 * @throws PiggyError `setting_invalid`, and as the source that the profile names throws
 */
export async function profileCredentials(
  name: string,
  files: ProfileFiles,
  context: CredentialContext,
  /** The source profiles on the way here, this one included. */
  sources: readonly string[] = [],
): Promise<AwsCredentials | undefined> {
  const profile = files.profiles.get(name) ?? new Map<string, string>();
  const source = profileSource(name, profile, sources.length > 0);
  const own = { ...context, region: profile.get("region") ?? context.region };
  switch (source.kind) {
    case "keys":
      return source.credentials;
    case "role of profile": {
      const signer = await sourceCredentials(name, source.sourceProfile, files, context, sources);
      return assumeRole(name, source.role, signer, own);
    }
    case "role of source":
      return assumeRole(name, source.role, await namedCredentials(source.source, name, context), own);
    case "source":
      return namedCredentials(source.source, name, context);
    case "web identity": {
      const { assumeRoleWithWebIdentity } = await import("../web-identity.ts");
      const { roleArn, sessionName, tokenFile } = source;
      const namedBy = `web_identity_token_file of profile ${name}`;
      return assumeRoleWithWebIdentity({ roleArn, sessionName, tokenFile, namedBy }, own);
    }
    case "process": {
      const { processCredentials } = await import("./credential-process.ts");
      return processCredentials(source.command, name, context);
    }
    case "sso": {
      const { ssoCredentials } = await import("./sso.ts");
      return ssoCredentials(source.sso, name, files, context);
    }
    case "none":
      return undefined;
  }
}

async function sourceCredentials(
  name: string,
  sourceName: string,
  files: ProfileFiles,
  context: CredentialContext,
  sources: readonly string[],
): Promise<AwsCredentials> {
  const invalid = (problem: string) =>
    new PiggyError("setting_invalid", `AWS profile ${name}: source_profile ${sourceName} ${problem}`);
  if (!files.profiles.has(sourceName)) throw invalid(`is not in ${files.paths.join(" or ")}`);
  if (sources.includes(sourceName)) throw invalid(`leads in a circle: ${sources.join(", ")}`);
  const credentials = await profileCredentials(sourceName, files, context, [...sources, sourceName]);
  if (credentials === undefined) throw invalid("says nothing about credentials");
  return credentials;
}

async function assumeRole(
  profile: string,
  { roleArn, sessionName, externalId, mfaSerial, duration }: RoleSettings,
  signer: AwsCredentials,
  context: CredentialContext,
): Promise<AwsCredentials> {
  const { askSts } = await import("../sts.ts");
  const parameters = {
    DurationSeconds: duration,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
    ...(mfaSerial === undefined ? {} : await secondFactor(mfaSerial, profile, context)),
  };
  return askSts({ action: "AssumeRole", roleArn, sessionName, parameters, signer }, context);
}

async function secondFactor(
  serial: string,
  profile: string,
  context: CredentialContext,
): Promise<Readonly<Record<string, string>>> {
  const { askForCode } = await import("./second-factor.ts");
  return { SerialNumber: serial, TokenCode: await askForCode(serial, profile, context) };
}

async function namedCredentials(
  source: NamedSource,
  profile: string,
  context: CredentialContext,
): Promise<AwsCredentials> {
  const missing = (reason: string) =>
    new PiggyError("credentials_missing", `AWS profile ${profile}: credential_source ${source}: ${reason}`);
  switch (source) {
    case "Environment":
      // Had it both, it would have come before the profile.
      throw missing("AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set");
    case "EcsContainer": {
      const { containerCredentials } = await import("./container.ts");
      return containerCredentials(context);
    }
    case "Ec2InstanceMetadata": {
      const { instanceCredentials } = await import("./instance-metadata.ts");
      const answer = await instanceCredentials(context);
      if ("credentials" in answer) return answer.credentials;
      throw missing(answer.absent);
    }
  }
}
