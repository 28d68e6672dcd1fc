/** An API server with what acts on its objects: the controllers and the scheduler. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NODE_ADDRESS } from "../../scripts/cluster/addresses.ts";
import { kubernetesProgram } from "../../scripts/cluster/kubernetes.ts";
import { type Cluster, flags, startCluster } from "../apiserver/cluster.ts";
import { eventually } from "../apiserver/objects.ts";
import { type Background, startBackground } from "../support/background.ts";
import { freePort } from "../support/free-port.ts";

export const NODE_USER = "system:node:node";
const CONTROLLERS = "system:kube-controller-manager";
const SCHEDULER = "system:kube-scheduler";
export const PROXY_USER = "system:kube-proxy";

/** Of the programs, by their documentation in the Kubernetes reference. */
type Options = Readonly<Record<string, string>>;

/** Options besides and instead of the usual ones here. */
export interface ControlPlaneOptions {
  readonly server?: Options;
  readonly controllers?: Options;
}

/** Starts them where Pods reach the API server. Those of `started` are to be stopped before the cluster. */
export async function startControlPlane(
  started: Background[],
  { server = {}, controllers = {} }: ControlPlaneOptions = {},
): Promise<Cluster> {
  const cluster = await startCluster({
    host: NODE_ADDRESS,
    users: { [NODE_USER]: ["system:nodes"], [CONTROLLERS]: [], [SCHEDULER]: [], [PROXY_USER]: [] },
    server: {
      "authorization-mode": "Node,RBAC",
      "endpoint-reconciler-type": "lease",
      "kubelet-preferred-address-types": "InternalIP",
      ...server,
    },
  });
  try {
    started.push(await startControllers(cluster, controllers), await startScheduler(cluster));
    await eventually("the controllers act", async () => {
      const path = "/api/v1/namespaces/default/serviceaccounts/default";
      return (await cluster.admin.call("GET", path)).status === 200;
    });
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A file by which a program comes to the API server as one of its users. */
export async function writeKubeconfig(cluster: Cluster, user: string): Promise<string> {
  const file = join(cluster.directory, `${user.replaceAll(":", "-")}.kubeconfig`);
  const server = `https://${cluster.host}:${cluster.port}`;
  const configuration = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "cluster", cluster: { server, "certificate-authority": join(cluster.directory, "ca.crt") } },
    ],
    users: [{ name: "user", user: { token: cluster.tokenOf(user) } }],
    contexts: [{ name: "context", context: { cluster: "cluster", user: "user" } }],
    "current-context": "context",
  };
  await writeFile(file, JSON.stringify(configuration), { mode: 0o600 });
  return file;
}

async function startControllers(cluster: Cluster, own: Options): Promise<Background> {
  const options = {
    ...(await connection(cluster, CONTROLLERS)),
    "root-ca-file": join(cluster.directory, "ca.crt"),
    "service-account-private-key-file": join(cluster.directory, "signing.key"),
    "use-service-account-credentials": "true",
    ...own,
  };
  const program = await kubernetesProgram("kube-controller-manager");
  return startBackground("kube-controller-manager", [program, ...flags(options)], cluster.directory);
}

async function startScheduler(cluster: Cluster): Promise<Background> {
  const program = await kubernetesProgram("kube-scheduler");
  const options = flags(await connection(cluster, SCHEDULER));
  return startBackground("kube-scheduler", [program, ...options], cluster.directory);
}

async function connection(cluster: Cluster, user: string): Promise<Options> {
  const kubeconfig = await writeKubeconfig(cluster, user);
  return {
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": "127.0.0.1",
    "secure-port": String(freePort()),
    "leader-elect": "false",
  };
}
