/** What servers need around them: certificates, a service account, and a backend that is a cluster and AWS. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCertificateAuthority } from "../../test/fakes/certificates.ts";
import { freePort } from "../../test/support/free-port.ts";
import { PIGGY_ENV_IMAGE } from "../../test/support/world.ts";
import { type Backend, startBackend } from "./backend.ts";

export interface Surroundings {
  /** PEM that every certificate here is verified by, and the file that holds it. */
  readonly ca: string;
  readonly caFile: string;
  /** What a server is started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** @param pod the JSON of every Pod */
  startBackend(program: string, pod: string, secrets: number): Promise<Backend>;
}

const HOST = "127.0.0.1";
const NAMESPACE = "piggy-webhooks";

export async function createSurroundings(directory: string): Promise<Surroundings> {
  const authority = await createCertificateAuthority("piggy-bench-ca");
  const { cert, key } = await authority.issue({ names: [`${NAMESPACE}.${NAMESPACE}.svc`, HOST] });
  const serviceAccount = join(directory, "serviceaccount");
  await mkdir(serviceAccount);
  const [caFile, certFile, keyFile] = ["ca.crt", "tls.crt", "tls.key"].map((name) => join(directory, name));
  if (caFile === undefined || certFile === undefined || keyFile === undefined) throw new Error("three names");
  await Promise.all([
    writeFile(caFile, authority.pem),
    writeFile(certFile, cert),
    writeFile(keyFile, key),
    writeFile(join(serviceAccount, "ca.crt"), authority.pem),
    writeFile(join(serviceAccount, "token"), "bench"),
    writeFile(join(serviceAccount, "namespace"), NAMESPACE),
  ]);
  const [apiPort, awsPort] = [freePort(), freePort()];
  return {
    ca: authority.pem,
    caFile,
    environment: {
      TLS_CERT_FILE: certFile,
      TLS_PRIVATE_KEY_FILE: keyFile,
      PIGGY_SERVICE_ACCOUNT_DIR: serviceAccount,
      KUBERNETES_SERVICE_HOST: HOST,
      KUBERNETES_SERVICE_PORT: String(apiPort),
      PIGGY_ENV_IMAGE,
      AWS_REGION: "eu-west-1",
      AWS_ENDPOINT_URL: `http://${HOST}:${awsPort}`,
      AWS_ACCESS_KEY_ID: "AKIAWEBHOOK000000000",
      AWS_SECRET_ACCESS_KEY: "webhook-secret-access-key",
    },
    async startBackend(program, pod, secrets) {
      const podFile = join(directory, "pod.json");
      await writeFile(podFile, pod);
      return startBackend({
        directory,
        awsUrl: `http://${HOST}:${awsPort}`,
        command: [
          program,
          ...["-api", `${HOST}:${apiPort}`, "-cert", certFile, "-key", keyFile, "-pod", podFile],
          ...["-secrets", String(secrets), "-aws", `${HOST}:${awsPort}`],
        ],
      });
    },
  };
}
