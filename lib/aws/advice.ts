/** What to do about a failure of AWS's, in half a sentence. Pure. */
import type { ErrorCode } from "../error.ts";
import type { AwsFailure } from "./failure.ts";

/** `what` was asked for, in words. Undefined where AWS's own words are all that there is to say. */
export function adviceFor(code: ErrorCode, failure: AwsFailure, what: string): string | undefined {
  switch (code) {
    case "aws_access_denied":
      return adviceForDenied(failure, what);
    case "aws_kms_denied":
      return adviceForKms(failure);
    case "aws_decryption_failed":
      return "see that its KMS key is there and enabled, and not pending deletion";
    case "secret_deleted":
      return "restore it, or refer to another";
    case "aws_credentials_refused":
      return adviceForCredentials(failure);
    default:
      return undefined;
  }
}

interface Denied {
  readonly principal: string;
  readonly action: string;
  readonly resource: string | undefined;
  /** What AWS says of the policy that decided. */
  readonly reason: string;
}

const DENIED = /User: (\S+) is not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?(.*)/;

/** Source: IAM User Guide, "Troubleshoot access denied error messages". */
function deniedIn(message: string): Denied | undefined {
  const [, principal, action, resource, reason = ""] = DENIED.exec(message) ?? [];
  if (principal === undefined || action === undefined) return undefined;
  return { principal, action, resource, reason };
}

function adviceForDenied({ message, region }: AwsFailure, what: string): string {
  const denied = deniedIn(message);
  if (denied === undefined) return `allow it for ${what}`;
  const { principal, action, reason } = denied;
  const explicit = /explicit deny(?: in an? ([\w -]+ policy|permissions boundary))?/.exec(reason);
  if (explicit !== null) {
    return `no policy that allows ${action} helps while ${explicit[1] === undefined ? "another" : `a ${explicit[1]}`} denies it to ${describePrincipal(principal)}`;
  }
  const needed = `${action} on ${resourceOf(denied, region) ?? what}`;
  const [, type = "identity-based policy"] = /because no ([\w -]+?) allows/.exec(reason) ?? [];
  if (type === "identity-based policy") return `allow ${needed} to ${describePrincipal(principal)}`;
  return `its ${type} must allow ${needed} to ${describePrincipal(principal)}`;
}

function adviceForKms({ message }: AwsFailure): string {
  if (message.includes("default KMS")) {
    return "encrypt it with a key of your own, whose policy allows kms:Decrypt to the other account";
  }
  const denied = deniedIn(message);
  const key = denied?.resource?.startsWith("arn:") ? denied.resource : "its KMS key";
  const whom = denied === undefined ? "the identity that reads it" : describePrincipal(denied.principal);
  return `allow kms:Decrypt on ${key} to ${whom}, in a policy of that identity's and in the key's`;
}

/** What to do where a signature is not taken. */
export function adviceForCredentials({ name, message }: AwsFailure): string {
  if (/Signature (?:expired|not yet current)|RequestExpired/.test(`${name} ${message}`)) {
    return "the clock is wrong on one side: set this machine's";
  }
  if (name.startsWith("ExpiredToken")) return "the temporary credentials have expired: give newer ones";
  if (/^(?:InvalidSignature|SignatureDoesNotMatch)/.test(name)) {
    return "the secret access key is not the access key's";
  }
  return "the access key, or its session token, is not valid: see where the credentials come from";
}

const ROLE_SESSION = /^arn:[\w-]+:sts::(\d+):assumed-role\/([^/]+)\//;
const USER = /^arn:[\w-]+:iam::(\d+):user\/(?:.*\/)?([^/]+)$/;

function describePrincipal(arn: string): string {
  const [, roleAccount, role] = ROLE_SESSION.exec(arn) ?? [];
  if (role !== undefined) return `the role ${role} of account ${roleAccount}`;
  const [, userAccount, user] = USER.exec(arn) ?? [];
  return user === undefined ? arn : `the user ${user} of account ${userAccount}`;
}

/**
 * The resource as a policy names it. Of a secret that was asked for by its name AWS says the name, which is one of the
 * caller's own account; an ARN of a secret ends with six characters that nobody knows who may not see it.
 */
function resourceOf({ principal, action, resource }: Denied, region: string | undefined): string | undefined {
  if (resource?.startsWith("arn:")) return resource;
  const [, partition, account] = /^arn:([\w-]+):\w+::(\d+):/.exec(principal) ?? [];
  if (resource === undefined || region === undefined || account === undefined) return undefined;
  if (!action.startsWith("secretsmanager:")) return undefined;
  return `arn:${partition}:secretsmanager:${region}:${account}:secret:${resource}-??????`;
}
