/** A real API server with its store, on loopback, and nothing beside it: no controller, no scheduler, no node. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_SERVICE_ADDRESS, SERVICE_NETWORK } from "../../scripts/cluster/addresses.ts";
import { etcdProgram } from "../../scripts/cluster/etcd.ts";
import { kubernetesProgram } from "../../scripts/cluster/kubernetes.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { type Background, startBackground } from "../support/background.ts";
import { freePort } from "../support/free-port.ts";
import { type ApiClient, apiClient } from "./client.ts";

/** Of the service accounts' tokens. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

export interface Cluster {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  /** May do everything. */
  readonly admin: ApiClient;
  /** By which a user comes in, `admin` or one of the options'. */
  tokenOf(user: string): string;
  /** A folder that goes when the cluster goes, with what the API server was started with. */
  readonly directory: string;
  /** Ends the API server, and starts it again so much later on what its store has kept. Resolves when it is ready. */
  restartServer(awayMs: number): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** The address that it listens on. */
  readonly host?: string;
  /** Who else may come in, by a token: their groups. */
  readonly users?: Readonly<Record<string, readonly string[]>>;
  /** Options of kube-apiserver, besides and instead of its usual ones here. */
  readonly server?: Readonly<Record<string, string>>;
}

const LOOPBACK = "127.0.0.1";

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-apiserver-"));
  const started: Background[] = [];
  const stop = async () => {
    // The store last: an API server whose store has gone does not come to its own end.
    for (const program of started.reverse()) await program.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const storeUrl = await startStore(directory, started);
    return { ...(await startServer(directory, storeUrl, options, started)), directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startStore(directory: string, started: Background[]): Promise<string> {
  const url = `http://${LOOPBACK}:${freePort()}`;
  const peerUrl = `http://${LOOPBACK}:${freePort()}`;
  const options = {
    name: "store",
    "data-dir": join(directory, "store"),
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "listen-peer-urls": peerUrl,
    "initial-advertise-peer-urls": peerUrl,
    "initial-cluster": `store=${peerUrl}`,
  };
  // Nothing of it outlives the tests.
  const command = [await etcdProgram(), ...flags(options), "--unsafe-no-fsync"];
  const etcd = startBackground("etcd", command, directory);
  started.push(etcd);
  await etcd.ready(async () => (await fetch(`${url}/health`, { proxy: false })).ok);
  return url;
}

async function startServer(
  directory: string,
  storeUrl: string,
  { host = LOOPBACK, users = {}, server: own = {} }: ClusterOptions,
  started: Background[],
): Promise<Omit<Cluster, "directory" | "stop">> {
  const port = freePort();
  const tokens = new Map(
    ["admin", ...Object.keys(users)].map((user) => [user, crypto.randomUUID()] as const),
  );
  const groupsOf = (user: string) => (user === "admin" ? ["system:masters"] : (users[user] ?? []));
  const authority = await createCertificateAuthority("api-server-ca");
  const tls = await authority.issue({
    names: [host, LOOPBACK, "kubernetes.default.svc", API_SERVICE_ADDRESS],
  });
  const signing = await authority.issue({ names: ["service-accounts"] });
  const file = (name: string) => join(directory, name);
  await Promise.all([
    writeFile(file("tls.crt"), tls.cert),
    writeFile(file("tls.key"), tls.key),
    writeFile(file("signing.crt"), signing.cert),
    writeFile(file("signing.key"), signing.key),
    writeFile(file("ca.crt"), authority.pem),
    writeFile(
      file("users.csv"),
      [...tokens].map(([user, token]) => `${token},${user},${user},"${groupsOf(user).join(",")}"\n`).join(""),
    ),
  ]);
  const options = {
    "etcd-servers": storeUrl,
    "bind-address": host,
    "advertise-address": host,
    "secure-port": String(port),
    "endpoint-reconciler-type": "none",
    "service-cluster-ip-range": SERVICE_NETWORK,
    "tls-cert-file": file("tls.crt"),
    "tls-private-key-file": file("tls.key"),
    "token-auth-file": file("users.csv"),
    "service-account-issuer": ISSUER,
    "service-account-key-file": file("signing.crt"),
    "service-account-signing-key-file": file("signing.key"),
    "authorization-mode": "RBAC",
    "allow-privileged": "true",
    ...own,
  };
  const program = await kubernetesProgram("kube-apiserver");
  const begin = () => startBackground("kube-apiserver", [program, ...flags(options)], directory);
  let server = begin();
  started.push({ ready: (isReady) => server.ready(isReady), stop: () => server.stop() });
  const url = `https://${host}:${port}`;
  const tokenOf = (user: string) => {
    const token = tokens.get(user);
    if (token === undefined) throw new Error(`nobody has told the API server of ${user}`);
    return token;
  };
  const health = { tls: { ca: authority.pem }, headers: { Authorization: `Bearer ${tokenOf("admin")}` } };
  const isReady = async () => (await fetch(`${url}/readyz`, { ...health, proxy: false })).ok;
  await server.ready(isReady);
  const admin = apiClient(url, authority.pem, tokenOf("admin"));
  const restartServer = async (awayMs: number) => {
    await server.stop();
    await Bun.sleep(awayMs);
    server = begin();
    await server.ready(isReady);
  };
  return { host, port, caPem: authority.pem, admin, tokenOf, restartServer };
}

export function flags(options: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}
