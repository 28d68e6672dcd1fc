/** AWS over HTTPS, and what each program needs to be let in and to believe it. */
import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startAws } from "../../test/fakes/aws.ts";
import { REGION, type World } from "../../test/support/world.ts";
import { NAMESPACE, SECRET, VALUES } from "./admitted.ts";

const KEY = { accessKeyId: "AKIABENCH00000000000", secretAccessKey: "bench" } as const;
const ROLE = "arn:aws:iam::111122223333:role/bench";
const AUDIENCE = "sts.amazonaws.com";
const SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt";

type Environment = Readonly<Record<string, string>>;

export interface StandaloneWorld {
  readonly keys: Environment;
  readonly role: Environment;
  /** Amazon's own roots, as piggy-env ships them, and the test's CA: a file that AWS_CA_BUNDLE can name. */
  readonly caFile: string;
  /**
   * What a program of Go trusts. It parses a file, and then every file of a folder too. Source: crypto/x509, root_unix.go.
   */
  readonly goRoots: {
    /** As in an image of Debian: the bundle, and in /etc/ssl/certs the bundle and its certificates once more. */
    readonly debian: Environment;
    /** The bundle alone: less than any usual image has. */
    readonly bundle: Environment;
    /** Those of caFile alone. */
    readonly few: Environment;
  };
  /** The file that `vals exec` reads. */
  readonly valsFile: string;
  stop(): Promise<void>;
}

export async function startStandaloneWorld(world: World, directory: string): Promise<StandaloneWorld> {
  const { authority, kubernetes } = world;
  const aws = await startAws({ tls: await authority.issue({ names: ["localhost", "127.0.0.1"] }) });
  aws.addUser(KEY);
  aws.putSecret({ region: REGION, name: SECRET, value: VALUES });
  aws.addRole(ROLE, {
    issuer: kubernetes.issuer,
    jwks: () => kubernetes.jwks(),
    audience: AUDIENCE,
    subject: `system:serviceaccount:${NAMESPACE}:default`,
  });
  const token = await kubernetes.token({
    namespace: NAMESPACE,
    serviceAccount: "default",
    audiences: [AUDIENCE],
    expirationSeconds: 24 * 3600,
  });
  const roots = await systemRoots();
  const path = (name: string) => join(directory, name);
  await Promise.all([
    writeFile(path("token"), token),
    writeFile(path("ca.crt"), amazonRoots(roots) + authority.pem),
    writeFile(path("roots.crt"), roots + authority.pem),
    writeFile(path("vals.yaml"), `TEST_ENV: ref+awssecrets://${SECRET}?region=${REGION}#/TEST_ENV\n`),
  ]);
  const common = { AWS_REGION: REGION, AWS_ENDPOINT_URL: aws.url };
  return {
    keys: {
      ...common,
      AWS_ACCESS_KEY_ID: KEY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
    },
    role: {
      ...common,
      // STS is another host than Secrets Manager, as it is at AWS: nobody may keep the connection.
      AWS_ENDPOINT_URL_STS: aws.url.replace("localhost", "127.0.0.1"),
      AWS_ROLE_ARN: ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: path("token"),
    },
    caFile: path("ca.crt"),
    goRoots: {
      debian: { SSL_CERT_FILE: path("roots.crt") },
      bundle: { SSL_CERT_FILE: path("roots.crt"), SSL_CERT_DIR: path("no-more-roots") },
      few: { SSL_CERT_FILE: path("ca.crt"), SSL_CERT_DIR: path("no-more-roots") },
    },
    valsFile: path("vals.yaml"),
    stop: () => aws.stop(),
  };
}

async function systemRoots(): Promise<string> {
  const file = Bun.file(SYSTEM_ROOTS);
  if (await file.exists()) return file.text();
  throw new Error(`${SYSTEM_ROOTS} is not here: install the roots (Debian: apt-get install ca-certificates)`);
}

/** Source: Amazon Trust Services, "Root CAs". */
function amazonRoots(pem: string): string {
  const all = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? [];
  const isAmazons = (certificate: string) =>
    /O=Amazon$|CN=Starfield Services Root/m.test(new X509Certificate(certificate).subject);
  return all.filter(isAmazons).join("");
}
