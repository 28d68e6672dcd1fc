/** Where the API server is and who we are to it. Source: Kubernetes documentation, "Accessing the API from a Pod". */
import { readFile } from "node:fs/promises";
import { PiggyError } from "../error.ts";
import type { Environment } from "../settings.ts";

export interface ClusterConfig {
  /** https://HOST:PORT, an IPv6 host in brackets. */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** The namespace that the webhook runs in. */
  readonly namespace: string;
  readonly tokenFile: string;
}

/**
 * The configuration that every Pod is given: two variables, and a folder of ca.crt, token and namespace.
 * @throws PiggyError `not_in_cluster` when the variables or the files are not there.
 */
export async function readClusterConfig(environment: Environment, directory: string): Promise<ClusterConfig> {
  const address = environment["KUBERNETES_SERVICE_HOST"];
  const port =
    environment["KUBERNETES_SERVICE_PORT_HTTPS"] || environment["KUBERNETES_SERVICE_PORT"] || "443";
  if (!address) {
    throw new PiggyError(
      "not_in_cluster",
      "KUBERNETES_SERVICE_HOST is not set: piggy-webhooks runs in a Pod, or needs what a Pod is given",
    );
  }
  const read = async (name: string) => {
    try {
      return await readFile(`${directory}/${name}`, "utf8");
    } catch (cause) {
      throw new PiggyError(
        "not_in_cluster",
        `cannot read ${directory}/${name}: is automountServiceAccountToken off for piggy-webhooks?`,
        { cause },
      );
    }
  };
  const host = address.includes(":") ? `[${address}]` : address;
  return {
    url: `https://${host}:${port}`,
    ca: await read("ca.crt"),
    namespace: (await read("namespace")).trim(),
    tokenFile: `${directory}/token`,
  };
}
