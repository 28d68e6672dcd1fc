/** A real node: kubelet, containerd, and what makes Services reachable on it. */
import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE_ADDRESS, POD_NETWORK } from "../../scripts/cluster/addresses.ts";
import { debianProgram } from "../../scripts/cluster/debian-programs.ts";
import { kubernetesProgram } from "../../scripts/cluster/kubernetes.ts";
import { type Cluster, flags } from "../apiserver/cluster.ts";
import { add, eventually } from "../apiserver/objects.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import { type Background, startBackground } from "../support/background.ts";
import {
  type PulledFrom,
  type Sandbox,
  type Snapshotter,
  SYSTEM_PATH,
  startContainerd,
} from "./containerd.ts";
import { NODE_USER, PROXY_USER, writeKubeconfig } from "./control-plane.ts";

const NODE = "node";
const POD_LOGS = "pod-logs";

/** What its configuration has otherwise than is said here. Source: the Kubernetes reference, "Kubelet Configuration (v1beta1)". */
export type KubeletOptions = Readonly<Record<string, unknown>>;

export interface NodeOptions {
  readonly sandbox: Sandbox;
  readonly registry: PulledFrom;
  readonly snapshotter: Snapshotter;
  readonly kubelet: KubeletOptions;
  /** What is started is added, to be stopped in reverse order. */
  readonly started: Background[];
}

/** Where things of it are. */
export interface NodePlaces {
  /** The socket of what runs its containers. */
  readonly containerd: string;
  /** What its containers have said, as `/var/log/pods` of other nodes. */
  readonly podLogs: string;
  /** The volumes of its Pods, as `/var/lib/kubelet/pods`. */
  readonly pods: string;
}

/**
 * Starts it and waits until it is ready. Its containers, and what is mounted for them, stay until the namespaces end that
 * all of this runs in.
 */
export async function startNode(
  cluster: Cluster,
  { sandbox, registry, snapshotter, kubelet, started }: NodeOptions,
): Promise<NodePlaces> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-node-"));
  // Pods are others than the node for the kernel: it passes on what is between them.
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  const { socket, program } = await startContainerd(directory, sandbox, registry, snapshotter);
  started.push(program);
  started.push(await startServiceProxy(cluster, directory));
  started.push(await startKubelet(cluster, directory, socket, kubelet));
  await eventually("the node is ready", () => isReady(cluster));
  return { containerd: socket, podLogs: join(directory, POD_LOGS), pods: join(directory, "kubelet/pods") };
}

const parseNode = object(
  { status: object({}, { conditions: list(object({ type: string, status: string }, {})) }) },
  {},
);

async function isReady(cluster: Cluster): Promise<boolean> {
  const { status, body } = await cluster.admin.call("GET", `/api/v1/nodes/${NODE}`);
  if (status !== 200) return false;
  const conditions = parseNode(body, "Node").status.conditions ?? [];
  return conditions.some((each) => each.type === "Ready" && each.status === "True");
}

async function startKubelet(
  cluster: Cluster,
  directory: string,
  socket: string,
  kubelet: KubeletOptions,
): Promise<Background> {
  const file = (name: string) => join(directory, name);
  const configuration = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: NODE_ADDRESS,
    healthzPort: 0,
    readOnlyPort: 0,
    containerRuntimeEndpoint: `unix://${socket}`,
    // Nobody else is in this network.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    // The machine's own control groups are left as they are.
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    makeIPTablesUtilChains: false,
    resolvConf: "",
    clusterDomain: "cluster.local",
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "50Mi" },
    nodeStatusUpdateFrequency: "5s",
    podLogsDir: file(POD_LOGS),
    volumePluginDir: file("volume-plugins"),
    ...kubelet,
  };
  await writeFile(file("kubelet.json"), JSON.stringify(configuration));
  const options = {
    config: file("kubelet.json"),
    kubeconfig: await writeKubeconfig(cluster, NODE_USER),
    "hostname-override": NODE,
    "node-ip": NODE_ADDRESS,
    "root-dir": file("kubelet"),
    "cert-dir": file("kubelet-certificates"),
  };
  const program = await kubernetesProgram("kubelet");
  return startBackground("kubelet", [program, ...flags(options)], directory, { PATH: SYSTEM_PATH });
}

/** Source: the Kubernetes reference, "kube-proxy Configuration (v1alpha1)". */
async function startServiceProxy(cluster: Cluster, directory: string): Promise<Background> {
  await add(cluster, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "kube-proxy" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:node-proxier" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: PROXY_USER }],
  });
  const configuration = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    bindAddress: NODE_ADDRESS,
    hostnameOverride: NODE,
    clusterCIDR: POD_NETWORK,
    clientConnection: { kubeconfig: await writeKubeconfig(cluster, PROXY_USER) },
    // Of the whole machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
  await writeFile(join(directory, "kube-proxy.json"), JSON.stringify(configuration));
  const program = await kubernetesProgram("kube-proxy");
  const command = [program, `--config=${join(directory, "kube-proxy.json")}`];
  return startBackground("kube-proxy", command, directory, await packetFilter(directory));
}

/** The environment by which `iptables` is found: one program that does as it is named. */
async function packetFilter(directory: string): Promise<Readonly<Record<string, string>>> {
  const { root, libraryPath } = await debianProgram("iptables");
  const folder = join(directory, "packet-filter");
  await mkdir(folder);
  for (const family of ["iptables", "ip6tables"]) {
    for (const name of [family, `${family}-save`, `${family}-restore`])
      await symlink(join(root, "usr/sbin/xtables-nft-multi"), join(folder, name));
  }
  const [libraries = ""] = libraryPath.split(":");
  return {
    PATH: `${folder}:${SYSTEM_PATH}`,
    LD_LIBRARY_PATH: libraryPath,
    XTABLES_LIBDIR: join(libraries, "xtables"),
  };
}
