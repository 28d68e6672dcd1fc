import { errors, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose";
import type { ObjectStore } from "./objects.ts";
import { list, number, object, type Parsed, string } from "./schema.ts";

/** What the API server knows about the bearer of a valid token: authentication/v1 UserInfo, and the token's audiences. */
export interface Identity {
  readonly user: {
    readonly username: string;
    readonly uid: string;
    readonly groups: readonly string[];
    readonly extra: { readonly [key: string]: readonly string[] };
  };
  readonly audiences: readonly string[];
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent or empty: the API server's own audience, which is the issuer. */
  readonly audiences?: readonly string[];
  readonly pod?: { readonly name: string; readonly uid: string };
  /** Below zero for a token that has already expired. */
  readonly expirationSeconds?: number;
  /** How long ago it was made; 0 by default. */
  readonly ageSeconds?: number;
}

export class InvalidToken extends Error {}

const boundObject = object({ name: string, uid: string }, {});
const parseClaims = object(
  {
    aud: list(string),
    exp: number,
    jti: string,
    "kubernetes.io": object({ namespace: string, serviceaccount: boundObject }, { pod: boundObject }),
  },
  {},
);

type Claims = Parsed<typeof parseClaims>;

// k8s.io/kubernetes/pkg/serviceaccount validates with the leeway of its JWT library.
const LEEWAY_SECONDS = 60;

export async function createTokenAuthority(issuer: string, objects: ObjectStore): Promise<TokenAuthority> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), alg: "RS256", use: "sig", kid: crypto.randomUUID() };
  return new TokenAuthority(issuer, objects, { publicKey, privateKey, jwk });
}

interface Keys {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK & { readonly kid: string };
}

export class TokenAuthority {
  readonly issuer: string;
  /** How far the API server's clock is ahead of this machine's. */
  clockAheadMs = 0;
  readonly #objects: ObjectStore;
  readonly #keys: Keys;

  constructor(issuer: string, objects: ObjectStore, keys: Keys) {
    this.issuer = issuer;
    this.#objects = objects;
    this.#keys = keys;
  }

  now(): number {
    return Date.now() + this.clockAheadMs;
  }

  jwks(): { readonly keys: readonly JWK[] } {
    return { keys: [this.#keys.jwk] };
  }

  /** The TokenRequest API. Throws when the service account does not exist. */
  async mint(request: TokenRequest): Promise<string> {
    const { namespace, serviceAccount: name, pod, expirationSeconds = 3600, ageSeconds = 0 } = request;
    const account = this.#objects.get("ServiceAccount", namespace, name);
    if (account === undefined)
      throw new Error(`serviceaccounts "${name}" not found in namespace "${namespace}"`);
    const now = Math.floor(this.now() / 1000);
    const audiences = request.audiences?.length ? [...request.audiences] : [this.issuer];
    const serviceaccount = { name, uid: account.metadata.uid };
    return new SignJWT({ "kubernetes.io": { namespace, ...(pod && { pod }), serviceaccount } })
      .setProtectedHeader({ alg: "RS256", kid: this.#keys.jwk.kid })
      .setIssuer(this.issuer)
      .setSubject(`system:serviceaccount:${namespace}:${name}`)
      .setAudience(audiences)
      .setIssuedAt(now - ageSeconds)
      .setNotBefore(now - ageSeconds)
      .setExpirationTime(now + expirationSeconds)
      .setJti(crypto.randomUUID())
      .sign(this.#keys.privateKey);
  }

  /** Throws InvalidToken, whose message is what a TokenReview's `status.error` quotes. */
  async authenticate(token: string, audiences: readonly string[]): Promise<Identity> {
    const claims = await this.#verify(token);
    const accepted = audiences.filter((audience) => claims.aud.includes(audience));
    if (accepted.length === 0) {
      const [has, wanted] = [claims.aud, audiences].map(quotedList);
      throw new InvalidToken(`token audiences ${has} is invalid for the target audiences ${wanted}`);
    }
    this.#requireAccount(claims);
    this.#requirePod(claims);
    return { user: userInfo(claims), audiences: accepted };
  }

  async #verify(token: string): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, this.#keys.publicKey, {
        issuer: this.issuer,
        algorithms: ["RS256"],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: new Date(this.now()),
      });
      return parseClaims(payload, "claims");
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new InvalidToken("service account token has expired");
      if (error instanceof errors.JWTClaimValidationFailed) {
        throw new InvalidToken("service account token could not be validated");
      }
      throw new InvalidToken("go-jose/go-jose: error in cryptographic primitive");
    }
  }

  #requireAccount({ "kubernetes.io": { namespace, serviceaccount } }: Claims): void {
    const account = this.#objects.get("ServiceAccount", namespace, serviceaccount.name);
    if (account === undefined) throw new InvalidToken(`serviceaccounts "${serviceaccount.name}" not found`);
    const { uid } = account.metadata;
    if (uid === serviceaccount.uid) return;
    throw new InvalidToken(`service account UID (${uid}) does not match claim (${serviceaccount.uid})`);
  }

  #requirePod({ "kubernetes.io": { namespace, pod } }: Claims): void {
    if (pod === undefined) return;
    const stored = this.#objects.get("Pod", namespace, pod.name);
    if (stored === undefined) throw new InvalidToken("service account token has been invalidated");
    const { uid, deletionTimestamp } = stored.metadata;
    if (uid !== pod.uid) {
      throw new InvalidToken(`pod UID (${uid}) does not match service account pod ref claim (${pod.uid})`);
    }
    // It is the time at which the grace period ends.
    if (deletionTimestamp === undefined) return;
    if (Date.parse(deletionTimestamp) < Date.now() - LEEWAY_SECONDS * 1000) {
      throw new InvalidToken("service account token has been invalidated");
    }
  }
}

function userInfo({ jti, "kubernetes.io": { namespace, serviceaccount, pod } }: Claims): Identity["user"] {
  return {
    username: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    extra: {
      "authentication.kubernetes.io/credential-id": [`JTI=${jti}`],
      ...(pod && {
        "authentication.kubernetes.io/pod-name": [pod.name],
        "authentication.kubernetes.io/pod-uid": [pod.uid],
      }),
    },
  };
}

function quotedList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}
