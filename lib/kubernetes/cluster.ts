/** What runs the cluster: the API server's version, and what each node says of itself. */
import type { KubernetesClient } from "./client.ts";
import { refused } from "./objects.ts";
import { visitTable } from "./table.ts";

export interface NodeFacts {
  readonly name: string;
  /** As its kubelet says: `v1.35.2-eks-1234567`. */
  readonly kubeletVersion: string;
  /** `containerd://2.1.5`. */
  readonly containerRuntime: string;
}

const NODES = "/api/v1/nodes";
/** Some 120 kB of rows. */
const PAGE = 500;

/** Every node but those that say that they are for Windows. The labels are the kubelet's and EKS's. */
const NOT_WINDOWS = "kubernetes.io/os!=windows";
const ON_FARGATE = "eks.amazonaws.com/compute-type=fargate";

export function createClusterReader(client: KubernetesClient) {
  return {
    /**
     * Major and minor, as the API server has them: `{ major: "1", minor: "35+" }`.
     * @throws PiggyError when it does not say
     */
    async readServerVersion(
      signal: AbortSignal,
    ): Promise<{ readonly major: string; readonly minor: string }> {
      const response = await client.request({ method: "GET", path: "/version", signal });
      if (!response.ok) throw refused(response);
      const { major, minor } = response.object;
      return { major: String(major), minor: String(minor) };
    },

    /** @throws PiggyError when the API server does not say */
    visitNodes(visit: (node: NodeFacts) => "on" | "enough", signal: AbortSignal) {
      const columns = ["Name", "Version", "Container-Runtime"] as const;
      return visitTable(
        client,
        { path: NODES, columns, labelSelector: NOT_WINDOWS, limit: PAGE },
        (row) =>
          visit({
            name: row("Name"),
            kubeletVersion: row("Version"),
            containerRuntime: row("Container-Runtime"),
          }),
        signal,
      );
    },

    /**
     * A node that is a Fargate Pod's alone, if there is one; a row does not tell.
     * @throws PiggyError when the API server does not say
     */
    async findFargateNode(signal: AbortSignal): Promise<string | undefined> {
      let found: string | undefined;
      await visitTable(
        client,
        { path: NODES, columns: ["Name"], labelSelector: ON_FARGATE, limit: 1 },
        (row) => {
          found = row("Name");
          return "enough";
        },
        signal,
      );
      return found;
    },
  };
}
