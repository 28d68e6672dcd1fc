/**
 * Whether a cluster mounts images as volumes, from what its API server and nodes say of themselves.
 * Source: Kubernetes documentation, "Use an Image Volume With a Pod"; on by default from Kubernetes 1.35, and a kubelet
 * that is older ignores the field; in containerd from 2.1, and one that is older fails the container.
 */

/** `unknown` is what may work: nothing says that it does not. */
export type Verdict =
  | { readonly verdict: "able" }
  | { readonly verdict: "unable" | "unknown"; readonly reason: string };

export interface ServerVersion {
  readonly major: string;
  readonly minor: string;
}

export interface NodeFacts {
  readonly name: string;
  readonly kubeletVersion: string;
  readonly containerRuntime: string;
}

/** What the judgement needs of the cluster. Each throws when the API server does not say. */
export interface Cluster {
  readonly readServerVersion: (signal: AbortSignal) => Promise<ServerVersion>;
  /** Visits every node that is not for Windows, some more than once. */
  readonly visitNodes: (
    visit: (node: NodeFacts) => "on" | "enough",
    signal: AbortSignal,
  ) => Promise<"visited" | "forbidden">;
  readonly findFargateNode: (signal: AbortSignal) => Promise<string | undefined>;
}

const KUBERNETES = [1, 35] as const;
const CONTAINERD = [2, 1] as const;
const ABLE: Verdict = { verdict: "able" };

/** One look at the cluster; whatever its size, no more than a page of nodes is held. */
export async function judgeCluster(cluster: Cluster, signal: AbortSignal): Promise<Verdict> {
  const server = judgeServer(await cluster.readServerVersion(signal));
  if (server.verdict !== "able") return server;
  const first = new Map<Verdict["verdict"], Verdict>();
  const visited = await cluster.visitNodes((node) => {
    const verdict = judgeNode(node);
    if (!first.has(verdict.verdict)) first.set(verdict.verdict, verdict);
    return verdict.verdict === "unable" ? "enough" : "on";
  }, signal);
  if (visited === "forbidden") return { verdict: "unknown", reason: "piggy-webhooks may not list nodes" };
  const worst = first.get("unable") ?? first.get("unknown");
  if (worst !== undefined) return worst;
  if (!first.has("able")) return { verdict: "unknown", reason: "the cluster has no node for Linux yet" };
  const fargate = await cluster.findFargateNode(signal);
  return fargate === undefined ? ABLE : { verdict: "unknown", reason: `node ${fargate} is of Fargate` };
}

export function judgeServer({ major, minor }: ServerVersion): Verdict {
  const version = versionIn(`${major}.${minor}`);
  if (version === undefined) return { verdict: "unknown", reason: "the API server's version is not known" };
  if (isAtLeast(version, KUBERNETES)) return ABLE;
  return { verdict: "unable", reason: `the API server is ${major}.${minor}, older than 1.35` };
}

export function judgeNode({ name, kubeletVersion, containerRuntime }: NodeFacts): Verdict {
  const kubelet = versionIn(kubeletVersion);
  if (kubelet !== undefined && !isAtLeast(kubelet, KUBERNETES)) {
    return { verdict: "unable", reason: `node ${name} runs kubelet ${kubeletVersion}, older than 1.35` };
  }
  const [runtime, version = ""] = containerRuntime.split("://", 2);
  const containerd = runtime === "containerd" ? versionIn(version) : undefined;
  if (kubelet === undefined || containerd === undefined) {
    const runs = `kubelet ${kubeletVersion || "?"} and ${containerRuntime || "?"}`;
    return { verdict: "unknown", reason: `node ${name} runs ${runs}, which are not known to mount images` };
  }
  if (isAtLeast(containerd, CONTAINERD)) return ABLE;
  return { verdict: "unable", reason: `node ${name} runs ${containerRuntime}, older than containerd 2.1` };
}

type Version = readonly [major: number, minor: number];

/** The first two numbers of a version, whatever a vendor hangs on them: `v1.35.2-eks-1`, `1.35+`. */
function versionIn(text: string): Version | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

function isAtLeast([major, minor]: Version, [leastMajor, leastMinor]: Version): boolean {
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
