/** Certificates as they are made here: ECDSA P-256, by WebCrypto. Source: RFC 5280. */
import type { JsonGeneralName, X509Certificate } from "@peculiar/x509";

/** A certificate and its private key (PKCS#8), both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The attribute of a name, by its object identifier. Source: RFC 4519, 2.31. */
const SERIAL_NUMBER = "2.5.4.5";
const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" };

async function load() {
  // The package registers its algorithms by decorators that want metadata, although no class of its carries any.
  if (!("getMetadata" in Reflect)) {
    Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
  }
  return import("@peculiar/x509");
}

/** A CA that signs itself and nothing below other CAs. */
export async function createAuthority(commonName: string, validity: Validity): Promise<KeyPair> {
  const x509 = await load();
  const keys = await generateKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    // This keeps two CAs of one name apart, which verifiers otherwise take for the same.
    name: [{ CN: [commonName] }, { [SERIAL_NUMBER]: [crypto.randomUUID()] }],
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity,
    extensions: [
      // Of the CA that comes after it this one signs a second certificate.
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pemOf(cert), key: await privateKeyPem(keys.privateKey) };
}

/** A second certificate of a CA, for those who know only the issuer; it ends no later than the issuer does. */
export async function crossSign(authority: KeyPair, issuer: KeyPair): Promise<string> {
  const x509 = await load();
  const [subject, issuing] = [authority, issuer].map(({ cert }) => new x509.X509Certificate(cert));
  if (subject === undefined || issuing === undefined) throw new TypeError("two certificates are needed");
  const signed = await x509.X509CertificateGenerator.create({
    subject: subject.subject,
    issuer: issuing.subject,
    publicKey: await subject.publicKey.export(),
    signingKey: await importKey(issuer.key),
    signingAlgorithm: SIGNING_ALGORITHM,
    notBefore: subject.notBefore,
    notAfter: new Date(Math.min(subject.notAfter.getTime(), issuing.notAfter.getTime())),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(await subject.publicKey.export()),
      await x509.AuthorityKeyIdentifierExtension.create(await issuing.publicKey.export()),
    ],
  });
  return pemOf(signed);
}

/** A server's certificate for these DNS names. */
export async function issueServer(
  issuer: KeyPair,
  names: readonly string[],
  validity: Validity,
): Promise<KeyPair> {
  const x509 = await load();
  const authority = new x509.X509Certificate(issuer.cert);
  const keys = await generateKeys();
  const leaf = await x509.X509CertificateGenerator.create({
    // No subject: verifiers read the subjectAltName, which RFC 5280 then wants critical.
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(issuer.key),
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(dnsName), true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(await authority.publicKey.export()),
    ],
  });
  return { cert: pemOf(leaf), key: await privateKeyPem(keys.privateKey) };
}

/** With the line's end that the format wants: certificates are put one behind the other. */
function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

function dnsName(name: string): JsonGeneralName {
  return { type: "dns", value: name };
}

function generateKeys() {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

async function importKey(pem: string): Promise<CryptoKey> {
  const { PemConverter } = await load();
  return crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), KEY_ALGORITHM, false, ["sign"]);
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  const { PemConverter } = await load();
  const der = await crypto.subtle.exportKey("pkcs8", key);
  return `${PemConverter.encode(der, PemConverter.PrivateKeyTag)}\n`;
}
