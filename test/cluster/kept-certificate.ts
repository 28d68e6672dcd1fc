/** What piggy-webhooks keeps of its certificate in the cluster, and what it serves. */
import { connect } from "node:tls";
import type { Cluster } from "../apiserver/cluster.ts";
import { list, object, record, string } from "../fakes/kubernetes/schema.ts";
import { OWN_NAMESPACE, RELEASE } from "./installation.ts";

const CORE = `/api/v1/namespaces/${OWN_NAMESPACE}`;
/** The Secret is called so by the chart. */
export const OWN_SECRET = `${CORE}/secrets/${RELEASE}-own-ca`;
export const CONFIGURATION = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${RELEASE}`;

const parseSecret = object({ data: record(string) }, {});
const clientConfig = object({}, { caBundle: string });
const parseConfiguration = object({ webhooks: list(object({ clientConfig }, {})) }, {});
const parseService = object({ spec: object({ clusterIP: string }, {}) }, {});

const decoded = (base64 = "") => Buffer.from(base64, "base64").toString("utf8");

export const ownSecret = (cluster: Cluster) => secretAt(cluster, OWN_SECRET);

/** The Secret's data, as text; undefined where there is none. */
export async function secretAt(
  cluster: Cluster,
  path: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const { status, body } = await cluster.admin.call("GET", path);
  if (status !== 200) return undefined;
  const { data } = parseSecret(body, "Secret");
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, decoded(value)]));
}

/** PEM; empty where there is none. */
export async function caBundle(cluster: Cluster): Promise<string> {
  const { body } = await cluster.admin.call("GET", CONFIGURATION);
  const [webhook] = parseConfiguration(body, "MutatingWebhookConfiguration").webhooks;
  return decoded(webhook?.clientConfig.caBundle);
}

export async function serviceAddress(cluster: Cluster): Promise<string> {
  const { body } = await cluster.admin.call("GET", `${CORE}/services/${RELEASE}`);
  return parseService(body, "Service").spec.clusterIP;
}

export interface ServedCertificate {
  readonly from: Date;
  readonly until: Date;
}

/** Of a new connection. @throws Error where this CA alone does not verify it */
export function servedCertificate(host: string, ca: string, port = 443): Promise<ServedCertificate> {
  return new Promise((resolve, reject) => {
    const servername = `${RELEASE}.${OWN_NAMESPACE}.svc`;
    const socket = connect({ host, port, ca, servername, rejectUnauthorized: true }, () => {
      const { valid_from, valid_to } = socket.getPeerCertificate();
      socket.destroy();
      resolve({ from: new Date(valid_from), until: new Date(valid_to) });
    });
    socket.setTimeout(10_000, () => socket.destroy(new Error("no handshake in time")));
    socket.on("error", reject);
  });
}

/** When the certificate of a new connection was made. @throws Error where this CA alone does not verify it */
export async function servedSince(host: string, ca: string, port?: number): Promise<Date> {
  return (await servedCertificate(host, ca, port)).from;
}
