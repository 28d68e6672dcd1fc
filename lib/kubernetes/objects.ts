/** ConfigMaps, Secrets, ServiceAccounts and Pods. Source: Kubernetes API reference. */
import { PiggyError } from "../error.ts";
import { type JsonObject, objectOf } from "../json.ts";
import type { ApiResponse, KubernetesClient } from "./client.ts";
import { withoutBallast } from "./pod-text.ts";

const PLURALS = {
  ConfigMap: "configmaps",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
  Pod: "pods",
} as const;

export type Kind = keyof typeof PLURALS;

export interface ObjectKey {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

const AS_POD = { shorten: withoutBallast };

/** Source: Kubernetes documentation, "Object Names and IDs", DNS subdomain names. */
function isObjectName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9][a-z0-9.-]*$/.test(name);
}

/**
 * `store`: as it is now, which costs etcd a read. `cache`: as that API server has it in memory, which is behind,
 * by moments as a rule, and by no bound that is promised.
 * Source: Kubernetes documentation, "Kubernetes API Concepts", resource versions.
 */
export type ReadFrom = "store" | "cache";

/** Gets one object; the answer may be that it is not there (404) or not ours to read (403). */
export function getObject(
  client: KubernetesClient,
  { kind, namespace, name }: ObjectKey,
  signal: AbortSignal,
  from: ReadFrom = "store",
): Promise<ApiResponse> {
  // An empty name would list, and dots would lead elsewhere.
  if (!isObjectName(name) || !isObjectName(namespace)) {
    return Promise.resolve({ ok: false, code: 404, reason: "NotFound", message: `no name of a ${kind}` });
  }
  const object = `${PLURALS[kind]}/${encodeURIComponent(name)}`;
  const query = from === "cache" ? "?resourceVersion=0" : "";
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/${object}${query}`;
  return client.request({ method: "GET", path, signal, ...(kind === "Pod" ? AS_POD : {}) });
}

/** A refusal that is neither "not there" nor "not yours": told with the API server's own words. */
export function refused(response: Extract<ApiResponse, { ok: false }>): PiggyError {
  return new PiggyError("kubernetes_error", `Kubernetes API: ${response.code} ${response.message}`);
}

/** The object that was answered. @throws PiggyError `kubernetes_error` for a refusal */
export function granted(response: ApiResponse): JsonObject {
  if (response.ok) return response.object;
  throw refused(response);
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** A ConfigMap's `data`, or a Secret's decoded, as texts. */
export function dataOf(kind: "ConfigMap" | "Secret", object: JsonObject): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(objectOf(object["data"])).flatMap(([key, value]) => {
      if (typeof value !== "string") return [];
      return [[key, kind === "Secret" ? Buffer.from(value, "base64").toString("utf8") : value] as const];
    }),
  );
}
