/** Pods of a cluster that has nodes: made, waited for, and asked what they said. */

import type { Cluster } from "../apiserver/cluster.ts";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import type { JsonObject } from "../fakes/kubernetes/schema.ts";
import { list, number, object, string } from "../fakes/kubernetes/schema.ts";

/** A namespace that Pods may be in: the controllers have made its service account. */
export async function addLiveNamespace(
  cluster: Cluster,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await add(cluster, "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels },
  });
  await eventually(`${name} has its service account`, async () => {
    const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
    return (await cluster.admin.call("GET", path)).status === 200;
  });
}

export async function addPullSecret(
  cluster: Cluster,
  namespace: string,
  dockerConfig: string,
): Promise<void> {
  await add(cluster, `/api/v1/namespaces/${namespace}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "registry" },
    type: "kubernetes.io/dockerconfigjson",
    stringData: { ".dockerconfigjson": dockerConfig },
  });
}

const parsePhase = object({ status: object({ phase: string }, {}) }, {});
const parseEvents = object({ items: list(object({ reason: string, message: string }, {})) }, {});

/** Resolves when the Pod has run to its end. @throws Error with its events when that was not a good one */
export async function runToEnd(
  cluster: Cluster,
  namespace: string,
  pod: object & { metadata: { name: string } },
): Promise<string> {
  await add(cluster, podsOf(namespace), pod);
  const { name } = pod.metadata;
  let stored: JsonObject = {};
  try {
    await eventually(`Pod ${name} ends`, async () => {
      stored = (await cluster.admin.call("GET", `${podsOf(namespace)}/${name}`)).body;
      return ["Succeeded", "Failed"].includes(parsePhase(stored, "Pod").status.phase);
    });
  } catch (error) {
    throw new Error(
      `${error}\n${JSON.stringify(stored["status"])}\n${await eventsIn(cluster, namespace, name)}`,
    );
  }
  const log = await logOf(cluster, namespace, name);
  if (parsePhase(stored, "Pod").status.phase === "Succeeded") return log;
  throw new Error(`Pod ${name} failed:\n${log}\n${await eventsIn(cluster, namespace, name)}`);
}

/** As the API server has it. */
export async function stored(cluster: Cluster, namespace: string, name: string): Promise<JsonObject> {
  return (await cluster.admin.call("GET", `${podsOf(namespace)}/${name}`)).body;
}

const containerStatuses = list(object({ restartCount: number }, {}));
const parseStatus = object({ status: object({}, { containerStatuses }) }, {});

/** How often its first container was started again. */
export async function restartsOf(cluster: Cluster, namespace: string, name: string): Promise<number> {
  const { status } = parseStatus(await stored(cluster, namespace, name), "Pod");
  return status.containerStatuses?.[0]?.restartCount ?? 0;
}

/** Resolves when the program of linger.c has said that its variable holds this. */
export async function says(cluster: Cluster, namespace: string, name: string, value: string): Promise<void> {
  await eventually(`${name} says its value`, async () => {
    const log = await logOf(cluster, namespace, name).catch(() => "");
    return log.includes(`TEST_ENV=${value}\n`);
  });
}

export function logOf(
  cluster: Cluster,
  namespace: string,
  name: string,
  container?: string,
): Promise<string> {
  const query = container === undefined ? "" : `?container=${container}`;
  return cluster.admin.text(`${podsOf(namespace)}/${name}/log${query}`);
}

/** What happened in a namespace, or to one of its objects. */
export async function eventsIn(cluster: Cluster, namespace: string, name?: string): Promise<string> {
  const selector = name === undefined ? "" : encodeURIComponent(`involvedObject.name=${name}`);
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`;
  const { body } = await cluster.admin.call("GET", path);
  return parseEvents(body, "EventList")
    .items.map(({ reason, message }) => `${reason}: ${message}`)
    .join("\n");
}
