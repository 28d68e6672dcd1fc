/** The Secret that the webhook keeps in the cluster for itself. Source: Kubernetes API reference, Secret v1. */
import { isJsonObject, type JsonObject } from "../json.ts";
import type { KubernetesClient } from "./client.ts";
import { base64, dataOf, granted } from "./objects.ts";

export interface OwnSecret {
  readonly namespace: string;
  /** The Service whose end is the Secret's, so that an uninstallation leaves nothing behind. */
  readonly service: string;
  readonly secret: string;
}

const LABELS = { "app.kubernetes.io/managed-by": "piggy-webhooks" };

export function createOwnSecret(client: KubernetesClient, own: OwnSecret) {
  const core = `/api/v1/namespaces/${encodeURIComponent(own.namespace)}`;
  const secrets = `${core}/secrets`;
  const secret = `${secrets}/${encodeURIComponent(own.secret)}`;
  return {
    /** @throws PiggyError when the API server does not say; undefined when there is none. */
    async readSecret(signal: AbortSignal) {
      const response = await client.request({ method: "GET", path: secret, signal });
      if (!response.ok && response.code === 404) return undefined;
      const object = granted(response);
      return { data: Object.fromEntries(dataOf("Secret", object)), object };
    },

    /**
     * Creates the Secret, or changes the one that was read; `taken` when another was quicker. What others put on it stays:
     * to change whose it is would need the right to delete it, by the admission plugin OwnerReferencesPermissionEnforcement.
     * @throws PiggyError when the API server refuses for another reason, or does not say.
     */
    async writeSecret(
      texts: Readonly<Record<string, string>>,
      read: { readonly object: JsonObject } | undefined,
      signal: AbortSignal,
    ): Promise<"written" | "taken"> {
      const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)]));
      const response = await client.request(
        read === undefined
          ? { method: "POST", path: secrets, body: { ...(await newSecret(signal)), data }, signal }
          : { method: "PUT", path: secret, body: { ...read.object, data }, signal },
      );
      // It may have been deleted since it was read.
      const isGone = read !== undefined && !response.ok && response.code === 404;
      if (isGone || (!response.ok && response.code === 409)) return "taken";
      granted(response);
      return "written";
    },
  };

  async function newSecret(signal: AbortSignal): Promise<JsonObject> {
    const place = { name: own.secret, namespace: own.namespace, labels: LABELS };
    const metadata = { ...place, ...(await ownerReferences(signal)) };
    return { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque" };
  }

  /** None where our Service is not to be seen: the Secret is then left to whoever uninstalls. */
  async function ownerReferences(signal: AbortSignal): Promise<JsonObject> {
    const path = `${core}/services/${encodeURIComponent(own.service)}`;
    const response = await client.request({ method: "GET", path, signal });
    const metadata = response.ok ? response.object["metadata"] : undefined;
    const uid = isJsonObject(metadata) ? metadata["uid"] : undefined;
    if (typeof uid !== "string") return {};
    return { ownerReferences: [{ apiVersion: "v1", kind: "Service", name: own.service, uid }] };
  }
}
