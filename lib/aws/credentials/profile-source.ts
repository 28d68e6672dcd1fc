/** What a profile says about where its credentials come from. Pure. */
import { PiggyError } from "../../error.ts";
import type { AwsCredentials } from "../signature.ts";
import type { Section } from "./ini.ts";

/** The values of `credential_source`. */
export type NamedSource = "Environment" | "EcsContainer" | "Ec2InstanceMetadata";

export interface RoleSettings {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
  /** The device whose code the role is given for; its serial number or ARN. */
  readonly mfaSerial: string | undefined;
  /** Seconds, as written. */
  readonly duration: string;
}

export interface SsoSettings {
  /** Name of the section `[sso-session …]`; a legacy profile has start URL and region itself. */
  readonly session: string | undefined;
  readonly startUrl: string | undefined;
  readonly region: string | undefined;
  readonly accountId: string;
  readonly roleName: string;
}

export type ProfileSource =
  | { readonly kind: "keys"; readonly credentials: AwsCredentials }
  | { readonly kind: "role of profile"; readonly role: RoleSettings; readonly sourceProfile: string }
  | { readonly kind: "role of source"; readonly role: RoleSettings; readonly source: NamedSource }
  | { readonly kind: "source"; readonly source: NamedSource }
  | {
      readonly kind: "web identity";
      readonly roleArn: string;
      readonly sessionName: string;
      readonly tokenFile: string;
    }
  | { readonly kind: "process"; readonly command: string }
  | { readonly kind: "sso"; readonly sso: SsoSettings }
  | { readonly kind: "none" };

const NAMED_SOURCES: readonly NamedSource[] = ["Environment", "EcsContainer", "Ec2InstanceMetadata"];

/**
 * In the order of the AWS SDK for JavaScript, fromIni: role, keys, web identity, process, SSO. A profile that is the
 * source of another's role gives its keys, if it has any, before a role of its own: so a profile can be its own source.
 * @throws PiggyError `setting_invalid` when settings are missing, contradict each other or are not supported
 */
export function profileSource(name: string, profile: Section, isSourceOfRole: boolean): ProfileSource {
  const keys = keysOf(profile);
  if (isSourceOfRole && keys !== undefined) return keys;
  return (
    roleSource(name, profile) ??
    keys ??
    webIdentitySource(profile) ??
    processSource(profile) ??
    ssoSource(name, profile) ??
    leftOver(name, profile)
  );
}

function keysOf(profile: Section): ProfileSource | undefined {
  const accessKeyId = profile.get("aws_access_key_id");
  const secretAccessKey = profile.get("aws_secret_access_key");
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const sessionToken = profile.get("aws_session_token");
  return { kind: "keys", credentials: { accessKeyId, secretAccessKey, sessionToken } };
}

function roleSource(name: string, profile: Section): ProfileSource | undefined {
  const roleArn = profile.get("role_arn");
  const sourceProfile = profile.get("source_profile");
  const source = namedSource(name, profile);
  if (sourceProfile !== undefined && source !== undefined) {
    throw invalid(name, "source_profile and credential_source exclude each other");
  }
  if (roleArn === undefined) return source === undefined ? undefined : { kind: "source", source };
  if (sourceProfile === undefined && source === undefined) return undefined;
  const role = roleSettings(name, roleArn, profile);
  if (source !== undefined) return { kind: "role of source", role, source };
  return sourceProfile === undefined ? undefined : { kind: "role of profile", role, sourceProfile };
}

function namedSource(name: string, profile: Section): NamedSource | undefined {
  const given = profile.get("credential_source");
  if (given === undefined) return undefined;
  const source = NAMED_SOURCES.find((known) => known === given);
  if (source === undefined)
    throw invalid(name, `credential_source ${given} is none of ${NAMED_SOURCES.join(", ")}`);
  return source;
}

function roleSettings(name: string, roleArn: string, profile: Section): RoleSettings {
  const duration = profile.get("duration_seconds") ?? "3600";
  if (!/^\d+$/.test(duration)) throw invalid(name, `duration_seconds ${duration} is not a number`);
  const sessionName = profile.get("role_session_name") ?? "piggy-env";
  const [externalId, mfaSerial] = [profile.get("external_id"), profile.get("mfa_serial")];
  return { roleArn, sessionName, externalId, mfaSerial, duration };
}

function webIdentitySource(profile: Section): ProfileSource | undefined {
  const roleArn = profile.get("role_arn");
  const tokenFile = profile.get("web_identity_token_file");
  if (roleArn === undefined || tokenFile === undefined) return undefined;
  const sessionName = profile.get("role_session_name") ?? "piggy-env";
  return { kind: "web identity", roleArn, sessionName, tokenFile };
}

function processSource(profile: Section): ProfileSource | undefined {
  const command = profile.get("credential_process");
  return command === undefined ? undefined : { kind: "process", command };
}

const SSO_PROPERTIES = ["sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name"];

function ssoSource(name: string, profile: Section): ProfileSource | undefined {
  if (!SSO_PROPERTIES.some((property) => profile.has(property))) return undefined;
  const accountId = profile.get("sso_account_id");
  const roleName = profile.get("sso_role_name");
  if (accountId === undefined || roleName === undefined) {
    throw invalid(name, "SSO needs sso_account_id and sso_role_name: run `aws configure sso`");
  }
  const [session, startUrl] = [profile.get("sso_session"), profile.get("sso_start_url")];
  return {
    kind: "sso",
    sso: { session, startUrl, region: profile.get("sso_region"), accountId, roleName },
  };
}

function leftOver(name: string, profile: Section): ProfileSource {
  if (profile.has("login_session")) {
    throw invalid(
      name,
      "a session of `aws login` cannot be used as it is: set " +
        `credential_process = aws configure export-credentials --profile ${name} in a profile of its own`,
    );
  }
  if (profile.has("role_arn")) {
    throw invalid(name, "role_arn needs source_profile, credential_source or web_identity_token_file");
  }
  return { kind: "none" };
}

const invalid = (name: string, problem: string) =>
  new PiggyError("setting_invalid", `AWS profile ${name}: ${problem}`);
