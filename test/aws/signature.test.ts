import { describe, expect, test } from "bun:test";
import { SignatureV4 } from "@smithy/signature-v4";
import {
  amzDate,
  authorizationHeader,
  canonicalRequest,
  type SignableRequest,
  type SigningScope,
  signingKey,
  stringToSign,
} from "../../lib/aws/signature.ts";
import vectors from "../vectors/aws-signature.json";
import { seededRandom } from "./random.ts";

const { accessKeyId, secretAccessKey, region, service } = vectors;
const date = new Date(vectors.date);
const scope: SigningScope = { region, service, date };

function requestOf({ request }: (typeof vectors.cases)[number]): SignableRequest {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    ...request,
    query: request.query.map(([name = "", value = ""]) => [name, value] as const),
    headers,
  };
}

describe("AWS's published test suite", () => {
  test.each(vectors.cases.map((vector) => [vector.name, vector] as const))("%s", (_name, vector) => {
    const request = requestOf(vector);
    expect(canonicalRequest(request)).toBe(vector.canonicalRequest);
    expect(stringToSign(vector.canonicalRequest, scope)).toBe(vector.stringToSign);
    expect(authorizationHeader(request, scope, { accessKeyId, secretAccessKey })).toBe(vector.authorization);
  });

  test("the documentation's signing key is derived", () => {
    const { service: of, hex } = vectors.signingKey;
    expect(signingKey(secretAccessKey, { ...scope, service: of }).toString("hex")).toBe(hex);
  });

  test("the date of a request has no separators and no fraction", () => {
    expect(amzDate(new Date("2026-01-02T03:04:05.678Z"))).toBe("20260102T030405Z");
  });
});

describe("agreement with the SDK's own signer", () => {
  test("on five hundred requests of any body, header, query, scope and key", async () => {
    const random = seededRandom(20150830);
    for (let index = 0; index < 500; index += 1) {
      const request = generateRequest(random);
      const generatedScope = {
        region: random.oneOf(["us-east-1", "cn-north-1", "eu-isoe-west-1"]),
        service: random.oneOf(["secretsmanager", "ssm"]),
        date: new Date(random.integer(0, 4_000_000_000) * 1000),
      };
      const credentials = { accessKeyId: random.text(1, 20, KEY), secretAccessKey: random.text(1, 60, ANY) };
      const signed = {
        ...request,
        headers: { ...request.headers, "x-amz-date": amzDate(generatedScope.date) },
      };
      const ours = authorizationHeader(signed, generatedScope, credentials);
      expect({ request, authorization: ours }).toEqual({
        request,
        authorization: await signedBySdk(request, generatedScope, credentials),
      });
    }
  });
});

const KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const NAME = "abcdefghijklmnopqrstuvwxyz0123456789-";
const ANY = "aZ09 -._~!'()*/+=&%?#:;@$,\\\"<>[]{}|^`éß€🔑";

function generateRequest(random: ReturnType<typeof seededRandom>): SignableRequest {
  const names = Array.from({ length: random.integer(0, 4) }, () => `x-${random.text(1, 12, NAME)}`);
  const query = Array.from(
    { length: random.integer(0, 4) },
    () => [random.text(1, 8, ANY), random.text(0, 8, ANY)] as const,
  );
  const others = names.map((name) => [name, random.text(0, 30, ' aZ09=;,"é/')] as const);
  return {
    method: random.oneOf(["GET", "POST"]),
    path: "/",
    // The SDK takes a table, so each name once.
    query: [...new Map(query)],
    headers: { host: `${random.text(1, 10, NAME)}.test`, ...Object.fromEntries(others) },
    body: random.text(0, 200, `${ANY}\n\t`),
  };
}

async function signedBySdk(
  { method, path, query = [], headers, body }: SignableRequest,
  { region: where, service: of, date: signingDate }: SigningScope,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<string> {
  const signer = new SignatureV4({
    region: where,
    service: of,
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  });
  const request = {
    method,
    protocol: "https:",
    hostname: "",
    path,
    query: Object.fromEntries(query),
    headers: { ...headers },
    body,
  };
  return (await signer.sign(request, { signingDate })).headers["authorization"] ?? "";
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The hash, or with a secret the HMAC, in the form that the SDK's signer takes. */
class Sha256 {
  readonly #hasher: Bun.CryptoHasher;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hasher = new Bun.CryptoHasher("sha256", ...(secret === undefined ? [] : [bytesOf(secret)]));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hasher.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hasher.digest();
  }
}
