/** A real API server with its store, on loopback, and nothing beside it: no controller, no scheduler, no node. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdProgram } from "../../scripts/cluster/etcd.ts";
import { kubernetesProgram } from "../../scripts/cluster/kubernetes.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { type Background, startBackground } from "../support/background.ts";
import { freePort } from "../support/free-port.ts";
import { type ApiClient, apiClient } from "./client.ts";

const ISSUER = "https://kubernetes.default.svc.cluster.local";

export interface Cluster {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  /** May do everything. */
  readonly admin: ApiClient;
  /** A folder that goes when the cluster goes. */
  readonly directory: string;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";

export async function startCluster(): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-apiserver-"));
  const started: Background[] = [];
  const stop = async () => {
    // The store last: an API server whose store has gone does not come to its own end.
    for (const program of started.reverse()) await program.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const storeUrl = await startStore(directory, started);
    return { ...(await startServer(directory, storeUrl, started)), directory, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startStore(directory: string, started: Background[]): Promise<string> {
  const url = `http://${HOST}:${freePort()}`;
  const peerUrl = `http://${HOST}:${freePort()}`;
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
  started: Background[],
): Promise<Pick<Cluster, "host" | "port" | "caPem" | "admin">> {
  const port = freePort();
  const token = crypto.randomUUID();
  const authority = await createCertificateAuthority("api-server-ca");
  const tls = await authority.issue({ names: [HOST] });
  const signing = await authority.issue({ names: ["service-accounts"] });
  const file = (name: string) => join(directory, name);
  await Promise.all([
    writeFile(file("tls.crt"), tls.cert),
    writeFile(file("tls.key"), tls.key),
    writeFile(file("signing.crt"), signing.cert),
    writeFile(file("signing.key"), signing.key),
    writeFile(file("users.csv"), `${token},admin,admin,system:masters\n`),
  ]);
  const options = {
    "etcd-servers": storeUrl,
    "bind-address": HOST,
    "advertise-address": HOST,
    "secure-port": String(port),
    "endpoint-reconciler-type": "none",
    "service-cluster-ip-range": "10.96.0.0/16",
    "tls-cert-file": file("tls.crt"),
    "tls-private-key-file": file("tls.key"),
    "token-auth-file": file("users.csv"),
    "service-account-issuer": ISSUER,
    "service-account-key-file": file("signing.crt"),
    "service-account-signing-key-file": file("signing.key"),
    "authorization-mode": "RBAC",
    "allow-privileged": "true",
  };
  const program = await kubernetesProgram("kube-apiserver");
  const server = startBackground("kube-apiserver", [program, ...flags(options)], directory);
  started.push(server);
  const admin = apiClient(`https://${HOST}:${port}`, authority.pem, token);
  const health = { tls: { ca: authority.pem }, headers: { Authorization: `Bearer ${token}` } };
  await server.ready(
    async () => (await fetch(`https://${HOST}:${port}/readyz`, { ...health, proxy: false })).ok,
  );
  return { host: HOST, port, caPem: authority.pem, admin };
}

function flags(options: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}
