import { randomBytes } from "node:crypto";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { AwsError, badRequest, toAwsError } from "./error.ts";
import { ACCOUNT, type Identities, type Identity, type Permission } from "./identities.ts";
import { isRecord } from "./input.ts";

const DURATION_SECONDS = 3600;

/** A role and its trust policy: one issuer, one audience, one subject. Without `allow` everything is allowed. */
export interface Role {
  readonly issuer: string;
  readonly jwks: () => Promise<object> | object;
  readonly audience: string;
  readonly subject: string;
  readonly allow?: readonly Permission[];
}

export interface AssumedRole {
  readonly identity: Identity & { readonly sessionToken: string; readonly expiration: Date };
  readonly roleId: string;
  readonly sessionName: string;
  readonly subject: string;
  readonly audience: string;
  readonly issuer: string;
}

/** The service behind `AssumeRoleWithWebIdentity`. Source: AWS Security Token Service API Reference. */
export class SecurityTokenService {
  readonly #identities: Identities;
  readonly #roles = new Map<string, Role>();

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  addRole(arn: string, role: Role): void {
    this.#roles.set(arn, role);
  }

  async assumeRoleWithWebIdentity(form: URLSearchParams): Promise<AssumedRole> {
    const roleArn = requiredField(form, "RoleArn", /^arn:[\w-]+:iam::\d{12}:role\/.+$/);
    const sessionName = requiredField(form, "RoleSessionName", /^[\w+=,.@-]{2,64}$/);
    const token = requiredField(form, "WebIdentityToken", /^.{4,20000}$/);
    const duration = durationOf(form);
    const role = this.#roles.get(roleArn);
    if (role === undefined) throw notAuthorized();
    const { sub } = await verify(token, role);
    if (sub !== role.subject) throw notAuthorized();
    const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
    const identity = {
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${roleName}/${sessionName}`,
      accessKeyId: randomId("ASIA"),
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(300).toString("base64"),
      expiration: new Date(Date.now() + duration * 1000),
      allow: role.allow,
    };
    this.#identities.add(identity);
    const { audience, issuer, subject } = role;
    return { identity, roleId: randomId("AROA"), sessionName, subject, audience, issuer };
  }
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
