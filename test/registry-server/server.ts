/** The distribution project's own registry, on loopback with TLS, and what it has been asked. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registryProgram } from "../../scripts/cluster/registry.ts";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { startBackground } from "../support/background.ts";
import { freePort } from "../support/free-port.ts";

const LOOPBACK = "127.0.0.1";

/** As its configuration has it. */
export type Auth =
  | { readonly htpasswd: { readonly realm: string; readonly path: string } }
  | { readonly token: Readonly<Record<string, string>> };

export interface RegistryServer {
  /** HOST:PORT, as images of it are named. */
  readonly host: string;
  readonly url: string;
  readonly authority: CertificateAuthority;
  /** A file of its CA, and a folder of nothing else. */
  readonly caFile: string;
  readonly certificates: string;
  /** The requests that it has answered, such as `GET /v2/team/app/manifests/1`, by its own log. */
  requests(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/**
 * @param authOf what is to be allowed, in files of the given folder
 * @param address that it listens on
 */
export async function startRegistryServer(
  authOf: (directory: string, authority: CertificateAuthority) => Promise<Auth>,
  address = LOOPBACK,
): Promise<RegistryServer> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-registry-"));
  const authority = await createCertificateAuthority("piggy-registry-ca");
  const { cert, key } = await authority.issue({ names: [address] });
  const host = `${address}:${freePort()}`;
  const file = (name: string) => join(directory, name);
  await Promise.all([mkdir(file("storage")), mkdir(file("certificates"))]);
  await Promise.all([
    writeFile(file("certificates/ca.crt"), authority.pem),
    writeFile(file("tls.crt"), cert),
    writeFile(file("tls.key"), key),
  ]);
  const configuration = {
    version: 0.1,
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: file("storage") } },
    http: { addr: host, tls: { certificate: file("tls.crt"), key: file("tls.key") } },
    auth: await authOf(directory, authority),
  };
  // JSON is YAML as well.
  await writeFile(file("config.yml"), JSON.stringify(configuration));
  const program = startBackground(
    "registry",
    [await registryProgram(), "serve", file("config.yml")],
    directory,
  );
  const url = `https://${host}`;
  await program.ready(async () => (await fetch(`${url}/v2/`, { tls: { ca: authority.pem } })).status === 401);
  return {
    host,
    url,
    authority,
    caFile: file("certificates/ca.crt"),
    certificates: file("certificates"),
    async requests() {
      const log = await readFile(file("registry.log"), "utf8");
      return [...log.matchAll(/"([A-Z]+ \/v2\/[^ ]+) HTTP/g)].map(([, request = ""]) => request);
    },
    async stop() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** An htpasswd file of these users. */
export function basicAuth(users: Readonly<Record<string, string>>) {
  return async (directory: string): Promise<Auth> => {
    const path = join(directory, "htpasswd");
    const lines = Object.entries(users).map(([name, password]) => {
      const hash = Bun.password.hashSync(password, { algorithm: "bcrypt", cost: 4 });
      return `${name}:${hash}\n`;
    });
    await writeFile(path, lines.join(""));
    return { htpasswd: { realm: "registry", path } };
  };
}
