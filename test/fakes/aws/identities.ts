import { AwsError, badRequest } from "./error.ts";

export const ACCOUNT = "111122223333";

/** Source: AWS General Reference, "Amazon Resource Names", and partitions.json that the SDKs carry. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** `resource` is `*`, or the exact name (or ARN) of a secret, or the exact path that is asked for. */
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
  const { allow } = identity;
  if (allow === undefined) return;
  const isAllowed = allow.some(
    (permission) =>
      permission.action === action &&
      (permission.resource === "*" || resource.names.includes(permission.resource)),
  );
  if (isAllowed) return;
  throw new AwsError(
    400,
    "AccessDeniedException",
    `User: ${identity.arn} is not authorized to perform: ${action} on resource: ${resource.shown} ` +
      `because no identity-based policy allows the ${action} action`,
  );
}
