/** A real cert-manager, as far as it makes certificates and tells the API server of their CAs. */
import { certManager } from "../../scripts/cluster/cert-manager.ts";
import type { Cluster } from "../apiserver/cluster.ts";
import { add } from "../apiserver/objects.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import { type Background, startBackground } from "../support/background.ts";
import { runKubectl } from "./apply-template.ts";
import { writeKubeconfig } from "./control-plane.ts";
import { OWN_NAMESPACE } from "./installation.ts";

/** Puts the definitions of its kinds into the cluster, and starts it. */
export async function startCertManager(cluster: Cluster): Promise<Background> {
  const { program, definitions } = await certManager();
  await runKubectl(cluster, "create", "--filename", definitions);
  const known = ["--for=condition=Established", "customresourcedefinitions", "--all", "--timeout=1m"];
  await runKubectl(cluster, "wait", ...known);
  const environment = { KUBECONFIG: await writeKubeconfig(cluster, "admin") };
  return startBackground("cert-manager", [program], cluster.directory, environment);
}

/** Has a certificate issued again, of a Certificate beside the chart's release, as `cmctl renew` does. */
export async function renew(cluster: Cluster, name: string): Promise<void> {
  const path = `/apis/cert-manager.io/v1/namespaces/${OWN_NAMESPACE}/certificates/${name}/status`;
  const value = {
    type: "Issuing",
    status: "True",
    reason: "ManuallyTriggered",
    message: "Certificate re-issuance manually triggered",
  };
  const patch = [{ op: "add", path: "/status/conditions/-", value }];
  const { status, body } = await cluster.admin.call("PATCH", path, patch, "application/json-patch+json");
  if (status !== 200) throw new Error(`${status} ${String(body["message"])}`);
}

/** An issuer of the operator's own, for the whole cluster: by a CA in a Secret where cert-manager looks for those. */
export async function addClusterIssuer(
  cluster: Cluster,
  name: string,
  authority: { readonly cert: string; readonly key: string },
): Promise<void> {
  await add(cluster, "/api/v1/namespaces/kube-system/secrets", {
    metadata: { name },
    type: "kubernetes.io/tls",
    stringData: { "tls.crt": authority.cert, "tls.key": authority.key },
  });
  await add(cluster, "/apis/cert-manager.io/v1/clusterissuers", {
    apiVersion: "cert-manager.io/v1",
    kind: "ClusterIssuer",
    metadata: { name },
    spec: { ca: { secretName: name } },
  });
}

const conditions = list(object({ type: string, status: string }, {}));
const parseIssuer = object({}, { status: object({}, { conditions }) });

export async function isIssuerReady(cluster: Cluster, name: string): Promise<boolean> {
  const { body } = await cluster.admin.call("GET", `/apis/cert-manager.io/v1/clusterissuers/${name}`);
  const { status } = parseIssuer(body, "ClusterIssuer");
  return status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}
