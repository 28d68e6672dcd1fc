import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { badRequest } from "./error.ts";
import type { Identities, Identity } from "./identities.ts";

const SKEW_MS = 5 * 60 * 1000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=([^/, ]+)\/(\d{8})\/([^/, ]+)\/([^/, ]+)\/aws4_request *, *SignedHeaders=([^, ]+) *, *Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** A POST to `/` as it arrived. */
export interface Received {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

/** @returns undefined for a header that is not of the form that SigV4 prescribes */
export function parseAuthorization(header: string | null): Authorization | undefined {
  const [, accessKeyId, date, region, service, signedHeaders, signature] = header?.match(AUTHORIZATION) ?? [];
  if (!accessKeyId || !date || !region || !service || !signedHeaders || !signature) return undefined;
  return { accessKeyId, date, region, service, signedHeaders, signature };
}

/**
 * Checks a request's Signature Version 4 by signing it again with the SDK's own signer.
 * @returns whose key signed it, and the region of the credential scope
 * @throws AwsError as AWS answers what is unsigned, signed wrongly, signed for something else or too long ago
 * Source: IAM User Guide, "Create a signed AWS API request" and "Troubleshoot Signature Version 4 signing".
 */
export async function authenticate(received: Received, service: string, identities: Identities) {
  const header = received.headers.get("authorization");
  if (header === null) {
    throw badRequest("MissingAuthenticationTokenException", "Request is missing Authentication Token");
  }
  const authorization = parseAuthorization(header);
  if (authorization === undefined) {
    throw badRequest("IncompleteSignatureException", "Authorization header is not a complete SigV4 header.");
  }
  checkScope(authorization, service);
  checkSignedHeaders(received.headers, authorization);
  const signingDate = checkDate(received.headers.get("x-amz-date"), authorization.date, identities.now());
  const token = received.headers.get("x-amz-security-token") ?? undefined;
  const identity = identities.find(authorization.accessKeyId, token);
  checkContentHash(received);
  const expected = await signAgain(received, authorization, identity, signingDate);
  if (
    expected?.signature !== authorization.signature ||
    expected.signedHeaders !== authorization.signedHeaders
  ) {
    throw invalidSignature(
      "The request signature we calculated does not match the signature you provided. Check your AWS " +
        "Secret Access Key and signing method. Consult the service documentation for details.",
    );
  }
  return { identity, region: authorization.region };
}

function checkScope({ service }: Authorization, expected: string): void {
  if (service === expected) return;
  throw invalidSignature(`Credential should be scoped to correct service: '${expected}'.`);
}

/** The host and every x-amz- header must be signed, the session token among them. */
function checkSignedHeaders(headers: Headers, { signedHeaders }: Authorization): void {
  const signed = new Set(signedHeaders.split(";"));
  if (!signed.has("host")) {
    throw invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const unsigned = [...headers.keys()].filter((name) => name.startsWith("x-amz-") && !signed.has(name));
  if (unsigned.length > 0) {
    throw invalidSignature(`There were headers present in the request which were not signed: ${unsigned}`);
  }
}

function checkDate(amzDate: string | null, scopeDate: string, now: number): Date {
  const parts = amzDate?.match(AMZ_DATE);
  if (!amzDate || !parts) {
    throw badRequest("IncompleteSignatureException", "Authorization header requires a valid 'X-Amz-Date'.");
  }
  if (!amzDate.startsWith(scopeDate)) {
    throw invalidSignature(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scopeDate}' != '${amzDate.slice(0, 8)}'.`,
    );
  }
  const [, year, month, day, hour, minute, second] = parts;
  const signedAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const age = now - signedAt.getTime();
  if (age > SKEW_MS)
    throw invalidSignature(`Signature expired: ${amzDate} is now too far in the past (5 min.)`);
  if (!(age >= -SKEW_MS))
    throw invalidSignature(`Signature not yet current: ${amzDate} is still later (5 min.)`);
  return signedAt;
}

/** The library signs the hash in this header instead of the body's, so the two must agree. */
function checkContentHash({ headers, body }: Received): void {
  const claimed = headers.get("x-amz-content-sha256");
  if (claimed === null || claimed === createHash("sha256").update(body).digest("hex")) return;
  throw invalidSignature("The value of x-amz-content-sha256 does not match the body's hash.");
}

async function signAgain(
  { headers, body }: Received,
  { signedHeaders, region, service }: Authorization,
  { accessKeyId, secretAccessKey, sessionToken }: Identity,
  signingDate: Date,
): Promise<Authorization | undefined> {
  const names = signedHeaders.split(";");
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    sha256: Sha256,
    // Only headers that came are signed; the signer must not add a hash of its own.
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method: "POST",
      protocol: "http:",
      hostname: "",
      path: "/",
      query: {},
      headers: Object.fromEntries(names.map((name) => [name, headers.get(name) ?? ""])),
      body,
    },
    // Overrides the signer's own list of headers that it never signs, such as user-agent: another may sign them.
    { signingDate, signableHeaders: new Set(names) },
  );
  return parseAuthorization(signed.headers["authorization"] ?? null);
}

const invalidSignature = (message: string) => badRequest("InvalidSignatureException", message);

type SourceData = string | ArrayBuffer | ArrayBufferView;

/** The hash, or with a secret the HMAC, in the form that the signer takes. */
class Sha256 {
  readonly #hash;

  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", toBytes(secret));
  }

  update(data: SourceData): void {
    this.#hash.update(toBytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function toBytes(data: SourceData): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
