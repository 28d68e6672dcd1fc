/** What tests put into a cluster. */
import type { JsonObject } from "../fakes/kubernetes/schema.ts";
import type { Cluster } from "./cluster.ts";

/** Creates an object. @throws Error with the API server's words when it does not */
export async function add(cluster: Cluster, path: string, object: object): Promise<JsonObject> {
  const { status, body } = await cluster.admin.call("POST", path, object);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${String(body["message"])}`);
  return body;
}

/** A namespace that Pods may be in: with the service account that a controller would make. */
export async function addNamespace(
  cluster: Cluster,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await add(cluster, "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels },
  });
  await addServiceAccount(cluster, name, "default");
}

export async function addServiceAccount(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } };
  await add(cluster, `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
}

export const podsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`;

/** Only what hangs takes as long: a Pod that waits for an image on a busy machine does not. */
const TIMEOUT_MS = 180_000;

/** @throws Error when it does not come to hold */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  timeoutMs: number = TIMEOUT_MS,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await Bun.sleep(20);
  }
}
