/** The look-ups that admission and the secrets service ask for, answered by the API server. */

import { createBoundedTurns } from "../bounded-turns.ts";
import { PiggyError } from "../error.ts";
import { isJsonObject } from "../json.ts";
import { type Pod, parsePod } from "../pod.ts";
import type { ApiResponse, KubernetesClient } from "./client.ts";
import { dataOf, getObject, type ObjectKey, refused } from "./objects.ts";
import { reviewToken } from "./token-review.ts";

export type ObjectContent =
  | { readonly seen: true; readonly data: ReadonlyMap<string, string> }
  | { readonly seen: false; readonly reason: "absent" | "forbidden" };

export interface DataObject {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
}

export interface PodKey {
  readonly namespace: string;
  readonly name: string;
}

export interface BoundPodKey extends PodKey {
  readonly uid: string;
}

export type Lookups = ReturnType<typeof createLookups>;

/**
 * Of what Pods that are admitted name, all together: each is a request with a connection of its own, and a burst of Pods
 * names thousands. Those of one namespace do not hold up another's. The secrets service has turns of its own.
 */
const BOUNDS = { underWay: 64, waiting: Number.POSITIVE_INFINITY };

export function createLookups(client: KubernetesClient) {
  const turns = createBoundedTurns(BOUNDS);
  const late = () =>
    new PiggyError("kubernetes_unavailable", "Kubernetes API: too many look-ups wait: no answer in time");
  const getInTurn = (key: ObjectKey, signal: AbortSignal): Promise<ApiResponse> =>
    turns({
      group: key.namespace,
      signal,
      work: () => getObject(client, key, signal),
      refused: late,
      late,
    });
  return {
    /** @throws PiggyError when the API server can say neither what is in the object nor that we may not know. */
    async readObject(
      namespace: string,
      { kind, name }: DataObject,
      signal: AbortSignal,
    ): Promise<ObjectContent> {
      const response = await getInTurn({ kind, namespace, name }, signal);
      if (response.ok) return { seen: true, data: dataOf(kind, response.object) };
      if (response.code === 404) return { seen: false, reason: "absent" };
      if (response.code === 403) return { seen: false, reason: "forbidden" };
      throw refused(response);
    },

    /** @throws PiggyError when the API server does not say; undefined when there is no such Pod. */
    async readPod({ namespace, name }: PodKey, signal: AbortSignal): Promise<Pod | undefined> {
      return podIn(await getObject(client, { kind: "Pod", namespace, name }, signal));
    },

    /**
     * The very Pod as the API server has it in memory, which costs etcd nothing; undefined where it has none or another.
     * @throws PiggyError when the API server does not say
     */
    async readCachedPod(
      { namespace, name, uid }: BoundPodKey,
      signal: AbortSignal,
    ): Promise<Pod | undefined> {
      const pod = podIn(await getObject(client, { kind: "Pod", namespace, name }, signal, "cache"));
      return pod?.uid === uid ? pod : undefined;
    },

    /**
     * The names in a ServiceAccount's imagePullSecrets, or why they are not to be seen.
     * @throws PiggyError when the API server does not say.
     */
    async readPullSecretNames(
      namespace: string,
      name: string,
      signal: AbortSignal,
    ): Promise<readonly string[] | "absent" | "forbidden"> {
      const response = await getInTurn({ kind: "ServiceAccount", namespace, name }, signal);
      if (response.ok) return namesIn(response.object["imagePullSecrets"]);
      if (response.code === 404) return "absent";
      if (response.code === 403) return "forbidden";
      throw refused(response);
    },

    reviewToken(token: string, audiences: readonly string[], signal: AbortSignal) {
      return reviewToken(client, token, audiences, signal);
    },
  };
}

function podIn(response: ApiResponse): Pod | undefined {
  if (response.ok) return parsePod(response.object);
  if (response.code === 404) return undefined;
  throw refused(response);
}

function namesIn(references: unknown): readonly string[] {
  const list = Array.isArray(references) ? references : [];
  return list.flatMap((entry: unknown) => {
    const name = isJsonObject(entry) ? entry["name"] : undefined;
    return typeof name === "string" ? [name] : [];
  });
}
