import { randomBytes } from "node:crypto";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { AwsError, badRequest, toAwsError } from "./error.ts";
import { type Identities, type Identity, isAllowed, type Permission } from "./identities.ts";
import { isRecord } from "./input.ts";
import { sessionTags } from "./session-tags.ts";

const DURATION_SECONDS = 3600;

/** A role and its trust policy: one issuer, one audience, one subject. Without `allow` everything is allowed. */
export interface Role {
  readonly issuer: string;
  readonly jwks: () => Promise<object> | object;
  readonly audience: string;
  readonly subject: string;
  readonly allow?: readonly Permission[];
}

/** A role whose trust policy names an identity. Without `allow` everything is allowed. */
export interface TrustingRole {
  /** The ARN of who may assume it. */
  readonly trusts: string;
  /** What whoever assumes it must say. */
  readonly externalId?: string;
  /** Whether the trust policy lacks sts:TagSession. */
  readonly refusesTags?: boolean;
  /** For how many seconds a session is good, by default an hour. */
  readonly seconds?: number;
  readonly allow?: readonly Permission[];
}

export interface Session {
  readonly identity: Identity & { readonly sessionToken: string; readonly expiration: Date };
  readonly roleId: string;
  readonly sessionName: string;
}

export interface AssumedRole extends Session {
  readonly subject: string;
  readonly audience: string;
  readonly issuer: string;
}

/** The service behind `AssumeRole` and `AssumeRoleWithWebIdentity`. Source: AWS Security Token Service API Reference. */
export class SecurityTokenService {
  readonly #identities: Identities;
  readonly #roles = new Map<string, Role>();
  readonly #trusting = new Map<string, TrustingRole>();

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  addRole(arn: string, role: Role): void {
    this.#roles.set(arn, role);
  }

  addTrustingRole(arn: string, role: TrustingRole): void {
    this.#trusting.set(arn, role);
  }

  assumeRole(form: URLSearchParams, caller: Identity): Session {
    const [roleArn, sessionName] = roleAndSession(form);
    const tags = sessionTags(form);
    const role = this.#trusting.get(roleArn);
    const refused = (action: string) =>
      new AwsError(
        403,
        "AccessDenied",
        `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${roleArn}`,
      );
    const may = (action: string) => isAllowed(caller, action, { shown: roleArn, names: [roleArn] });
    const isTrusted = role?.trusts === caller.arn && (role.externalId ?? null) === form.get("ExternalId");
    if (role === undefined || !isTrusted || !may("sts:AssumeRole")) throw refused("sts:AssumeRole");
    if (tags.size > 0 && (role.refusesTags || !may("sts:TagSession"))) throw refused("sts:TagSession");
    return this.#begin(roleArn, sessionName, { seconds: durationOf(form), ...role, tags });
  }

  #begin(
    roleArn: string,
    sessionName: string,
    role: {
      readonly seconds: number;
      readonly allow?: readonly Permission[];
      readonly tags: Identity["tags"];
    },
  ): Session {
    const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    const [, , , , account = ""] = roleArn.split(":");
    const identity = {
      arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`,
      account,
      tags: role.tags,
      accessKeyId: randomId("ASIA"),
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(300).toString("base64"),
      expiration: new Date(this.#identities.now() + role.seconds * 1000),
      allow: role.allow,
    };
    this.#identities.add(identity);
    return { identity, roleId: randomId("AROA"), sessionName };
  }

  async assumeRoleWithWebIdentity(form: URLSearchParams): Promise<AssumedRole> {
    const [roleArn, sessionName] = roleAndSession(form);
    const token = requiredField(form, "WebIdentityToken", /^.{4,20000}$/);
    const seconds = durationOf(form);
    const role = this.#roles.get(roleArn);
    if (role === undefined) throw notAuthorized();
    const { sub } = await verify(token, role);
    if (sub !== role.subject) throw notAuthorized();
    const { audience, issuer, subject, allow } = role;
    const rights = { seconds, tags: new Map(), ...(allow === undefined ? {} : { allow }) };
    return { ...this.#begin(roleArn, sessionName, rights), subject, audience, issuer };
  }
}

function roleAndSession(form: URLSearchParams): readonly [roleArn: string, sessionName: string] {
  return [
    requiredField(form, "RoleArn", /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/),
    requiredField(form, "RoleSessionName", /^[\w+=,.@-]{2,64}$/),
  ];
}

async function verify(token: string, { issuer, audience, jwks }: Role): Promise<JWTPayload> {
  const keys = await fetchKeys(jwks);
  try {
    const requiredClaims = ["exp", "iat", "sub"];
    return (await jwtVerify(token, createLocalJWKSet(keys), { issuer, audience, requiredClaims })).payload;
  } catch (error) {
    throw refusalOf(error);
  }
}

async function fetchKeys(jwks: Role["jwks"]): Promise<JSONWebKeySet> {
  const keys = await Promise.try(jwks).catch(() => undefined);
  if (isKeySet(keys)) return keys;
  throw badRequest("IDPCommunicationError", "Couldn't retrieve verification key from your identity provider");
}

const isKeySet = (value: unknown): value is JSONWebKeySet =>
  isRecord(value) &&
  Array.isArray(value["keys"]) &&
  value["keys"].every((key) => isRecord(key) && typeof key["kty"] === "string");

function refusalOf(error: unknown): AwsError {
  if (error instanceof errors.JWTExpired) {
    const { exp = 0 } = error.payload;
    return badRequest(
      "ExpiredTokenException",
      `Token expired: current date/time ${Math.floor(Date.now() / 1000)} must be before the expiration date/time ${exp}`,
    );
  }
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefusal(error);
  if (!(error instanceof errors.JOSEError)) return toAwsError(error);
  return invalidToken("The web identity token that was passed is invalid: the token's signature or form");
}

function claimRefusal({ claim, payload }: errors.JWTClaimValidationFailed): AwsError {
  if (claim === "aud") return invalidToken("Incorrect token audience");
  if (claim === "iss") {
    return invalidToken(`No OpenIDConnect provider found in your account for ${payload.iss ?? ""}`);
  }
  return invalidToken(`Missing a required claim: ${claim}`);
}

function requiredField(form: URLSearchParams, name: string, pattern: RegExp): string {
  const value = form.get(name);
  if (value !== null && pattern.test(value)) return value;
  throw validationError(name);
}

/** A role's MaxSessionDuration is an hour unless it was raised. */
function durationOf(form: URLSearchParams): number {
  const seconds = Number(form.get("DurationSeconds") ?? DURATION_SECONDS);
  if (Number.isInteger(seconds) && seconds >= 900 && seconds <= DURATION_SECONDS) return seconds;
  throw validationError("DurationSeconds");
}

function validationError(name: string) {
  const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return badRequest(
    "ValidationError",
    `1 validation error detected: Value at '${member}' failed to satisfy constraint`,
  );
}

const invalidToken = (message: string) => badRequest("InvalidIdentityToken", message);

const notAuthorized = () =>
  new AwsError(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");

/** An identifier of AWS: a four-letter prefix and sixteen characters of base 32. */
function randomId(prefix: "ASIA" | "AROA"): string {
  return prefix + Array.from(randomBytes(16), (byte) => (byte % 32).toString(32).toUpperCase()).join("");
}
