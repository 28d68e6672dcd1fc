import { AwsError, badRequest } from "./error.ts";
import { withPrincipalTags } from "./session-tags.ts";

export const ACCOUNT = "111122223333";

/** Source: AWS General Reference, "Amazon Resource Names", and partitions.json that the SDKs carry. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/**
 * `resource` is `*`, or the exact name (or ARN) of a secret, or the exact path that is asked for;
 * `${aws:PrincipalTag/KEY}` in it is a tag of who asks.
 */
export interface Permission {
  readonly action: `${string}:${string}`;
  readonly resource: string;
}

/** Long-lived credentials. Without `allow` everything is allowed. */
export interface User {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly allow?: readonly Permission[];
}

/** Who a key belongs to. With a session token the key is valid only together with it. */
export interface Identity {
  readonly arn: string;
  readonly account: string;
  /** Of the session. */
  readonly tags: ReadonlyMap<string, string>;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly expiration: Date | undefined;
  readonly allow: readonly Permission[] | undefined;
}

/** What a request asks for: `shown` in the message of a refusal, any of `names` in a permission. */
export interface Resource {
  readonly shown: string;
  readonly names: readonly string[];
  /** Whose it is; by default of whoever asks. */
  readonly account?: string;
}

export class Identities {
  /** How far AWS's clock is ahead of this machine's. */
  clockAheadMs = 0;
  readonly #byAccessKeyId = new Map<string, Identity>();

  now(): number {
    return Date.now() + this.clockAheadMs;
  }

  addUser(user: User): void {
    this.add({
      arn: `arn:aws:iam::${ACCOUNT}:user/${user.accessKeyId}`,
      account: ACCOUNT,
      tags: new Map(),
      accessKeyId: user.accessKeyId,
      secretAccessKey: user.secretAccessKey,
      sessionToken: user.sessionToken,
      expiration: undefined,
      allow: user.allow,
    });
  }

  add(identity: Identity): void {
    this.#byAccessKeyId.set(identity.accessKeyId, identity);
  }

  /** Leaves the sessions of a role that there are by now without any right, as its policy AWSRevokeOlderSessions does. */
  revokeSessions(roleArn: string): void {
    const role = roleArn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/");
    for (const identity of this.#byAccessKeyId.values()) {
      if (identity.arn.startsWith(`${role}/`)) this.add({ ...identity, allow: [] });
    }
  }

  /** @throws AwsError as AWS does for a key that it does not know, a token that is not the key's, or an old one. */
  find(accessKeyId: string, sessionToken: string | undefined): Identity {
    const identity = this.#byAccessKeyId.get(accessKeyId);
    if (identity === undefined || identity.sessionToken !== sessionToken) {
      throw badRequest(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
      );
    }
    if (identity.expiration !== undefined && identity.expiration.getTime() <= this.now()) {
      throw badRequest("ExpiredTokenException", "The security token included in the request is expired");
    }
    return identity;
  }
}

/** @throws AwsError AccessDeniedException, which the JSON protocols answer with status 400 */
export function authorize(identity: Identity, action: string, resource: Resource): void {
  // No resource of the fake has a policy of its own that would let another account in.
  const isOwn = resource.account === undefined || resource.account === identity.account;
  if (isOwn && isAllowed(identity, action, resource)) return;
  throw new AwsError(
    400,
    "AccessDeniedException",
    `User: ${identity.arn} is not authorized to perform: ${action} on resource: ${resource.shown} ` +
      `because no identity-based policy allows the ${action} action`,
  );
}

export function isAllowed({ allow, tags }: Identity, action: string, { names }: Resource): boolean {
  if (allow === undefined) return true;
  return allow.some((permission) => {
    const resource = withPrincipalTags(permission.resource, tags);
    return permission.action === action && (resource === "*" || (resource && names.includes(resource)));
  });
}
