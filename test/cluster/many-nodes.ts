/** A large cluster's Node objects, as big as kubelets make them, of which none is a machine. */
import type { Cluster } from "../apiserver/cluster.ts";
import { add } from "../apiserver/objects.ts";

const NODES = "/api/v1/nodes";
/** As many as a kubelet reports. Source: Kubernetes reference, "Kubelet Configuration", nodeStatusMaxImages. */
const IMAGES = 50;
const SIDE_BY_SIDE = 16;

export interface NodeVersions {
  readonly kubeletVersion: string;
  readonly containerRuntimeVersion: string;
}

/** Adds them under names with these numbers, from `from` up to `to` without it. */
export async function addNodes(
  cluster: Cluster,
  from: number,
  to: number,
  versions: NodeVersions,
): Promise<void> {
  let next = from;
  const work = async () => {
    while (next < to) {
      const number = next;
      next += 1;
      await add(cluster, NODES, nodeOf(number, versions));
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
}

const hex = (length: number, seed: number) => {
  const hash = new Bun.CryptoHasher("sha256").update(String(seed)).digest("hex");
  return hash.slice(0, length);
};

/** As one of EKS has it. Nothing is run on it. */
function nodeOf(number: number, versions: NodeVersions): object {
  const name = `ip-10-${number >> 8}-${number & 255}-17.eu-west-1.compute.internal`;
  const zone = `eu-west-1${"abc"[number % 3]}`;
  const instance = `i-0${hex(16, number)}`;
  const amounts = { cpu: "8", "ephemeral-storage": "104845292Ki", memory: "32386544Ki", pods: "58" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: labelsOf(name, zone, instance), annotations: annotationsOf(instance) },
    spec: { providerID: `aws:///${zone}/${instance}`, unschedulable: true },
    status: {
      capacity: amounts,
      allocatable: amounts,
      conditions: ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"].map(conditionOf),
      addresses: [
        { type: "InternalIP", address: `10.${number >> 8}.${number & 255}.17` },
        ...["Hostname", "InternalDNS"].map((type) => ({ type, address: name })),
      ],
      nodeInfo: {
        machineID: hex(32, number),
        systemUUID: hex(32, -number),
        bootID: hex(32, number + 0.5),
        kernelVersion: "6.12.55-74.119.amzn2023.x86_64",
        osImage: "Amazon Linux 2023.9.20251117",
        kubeProxyVersion: "",
        operatingSystem: "linux",
        architecture: "amd64",
        ...versions,
      },
      images: Array.from({ length: IMAGES }, (_, index) => imageOf(number * IMAGES + index)),
    },
  };
}

function labelsOf(name: string, zone: string, instance: string): Readonly<Record<string, string>> {
  return {
    "beta.kubernetes.io/arch": "amd64",
    "beta.kubernetes.io/instance-type": "m6i.2xlarge",
    "beta.kubernetes.io/os": "linux",
    "eks.amazonaws.com/capacityType": "ON_DEMAND",
    "eks.amazonaws.com/nodegroup": "general-purpose-20260401",
    "eks.amazonaws.com/nodegroup-image": "ami-0a1b2c3d4e5f60718",
    "eks.amazonaws.com/sourceLaunchTemplateId": "lt-0a1b2c3d4e5f60718",
    "failure-domain.beta.kubernetes.io/region": "eu-west-1",
    "failure-domain.beta.kubernetes.io/zone": zone,
    "k8s.io/cloud-provider-aws": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "kubernetes.io/arch": "amd64",
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "node.kubernetes.io/instance-type": "m6i.2xlarge",
    "topology.ebs.csi.aws.com/zone": zone,
    "topology.k8s.aws/zone-id": "euw1-az1",
    "topology.kubernetes.io/region": "eu-west-1",
    "topology.kubernetes.io/zone": zone,
    "example.com/instance": instance,
  };
}

function annotationsOf(instance: string): Readonly<Record<string, string>> {
  return {
    "alpha.kubernetes.io/provided-node-ip": "10.0.0.17",
    "csi.volume.kubernetes.io/nodeid": JSON.stringify({
      "ebs.csi.aws.com": instance,
      "efs.csi.aws.com": instance,
    }),
    "node.alpha.kubernetes.io/ttl": "0",
    "volumes.kubernetes.io/controller-managed-attach-detach": "true",
  };
}

function conditionOf(type: string): object {
  const at = "2026-04-01T06:00:00Z";
  return {
    type,
    status: type === "Ready" ? "True" : "False",
    lastHeartbeatTime: at,
    lastTransitionTime: at,
    reason: `KubeletHas${type}`,
    message: `kubelet is posting ${type}, as it has since it was started`,
  };
}

function imageOf(seed: number): object {
  const repository = `602401143452.dkr.ecr.eu-west-1.amazonaws.com/team-${seed % 40}/service-${hex(12, seed)}`;
  return {
    names: [`${repository}@sha256:${hex(64, seed)}`, `${repository}:v1.${seed % 100}.0`],
    sizeBytes: 48_103_217 + seed,
  };
}
