import { isIP } from "node:net";
import type { JsonGeneralName } from "@peculiar/x509";

// @peculiar/x509 registers its algorithms with tsyringe, which refuses to load without a metadata polyfill
// although no class here carries metadata. Imports run before statements, hence the dynamic one.
if (!("getMetadata" in Reflect)) {
  Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
}
const {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} = await import("@peculiar/x509");

/** Both PEM; `key` is PKCS#8. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** DNS names or IP literals: the subjectAltName. */
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** What it may prove: who a server is, by default, or who a client is. */
  readonly usage?: "server" | "client";
}

export interface CertificateAuthority {
  /** The root certificate, PEM. */
  readonly pem: string;
  issue(options: IssueOptions): Promise<IssuedCertificate>;
}

const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" };
const DAY_MS = 24 * 60 * 60 * 1000;

export async function createCertificateAuthority(commonName = "Test CA"): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const subject = [{ CN: [commonName] }];
  const root = await X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    // Wide enough that a leaf's own dates are always the ones under test.
    notBefore: daysFromNow(-3650),
    notAfter: daysFromNow(3650),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    pem: root.toString("pem"),
    async issue({ names, notBefore = daysFromNow(-1), notAfter = daysFromNow(30), usage = "server" }) {
      const leafKeys = await generateKeys();
      const leaf = await X509CertificateGenerator.create({
        // No subject: verifiers read the subjectAltName, which RFC 5280 then wants critical.
        issuer: root.subject,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: SIGNING_ALGORITHM,
        notBefore,
        notAfter,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([
            usage === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
          ]),
          new SubjectAlternativeNameExtension(names.map(generalName), true),
          await SubjectKeyIdentifierExtension.create(leafKeys.publicKey),
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      return { cert: leaf.toString("pem"), key: await privateKeyPem(leafKeys.privateKey) };
    },
  };
}

/** A root certificate with an RSA key, and that key, as somebody else's CA may be. */
export async function createRsaAuthority(): Promise<IssuedCertificate> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const size = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await crypto.subtle.generateKey({ ...algorithm, ...size }, true, ["sign", "verify"]);
  const root = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ["an RSA CA"] }],
    keys,
    signingAlgorithm: algorithm,
    notBefore: daysFromNow(-3650),
    notAfter: daysFromNow(3650),
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  });
  return { cert: root.toString("pem"), key: await privateKeyPem(keys.privateKey) };
}

function generalName(name: string): JsonGeneralName {
  return { type: isIP(name) === 0 ? "dns" : "ip", value: name };
}

function generateKeys() {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag);
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}
