/**
 * What the webhook keeps in the cluster for itself: a Secret, and the caBundle of its own webhook configuration.
 * Source: Kubernetes API reference, Secret v1, MutatingWebhookConfiguration admissionregistration.k8s.io/v1.
 */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import type { ApiResponse, KubernetesClient } from "./client.ts";
import { dataOf, refused } from "./objects.ts";

export interface OwnObjects {
  readonly namespace: string;
  /** The Service whose end is the Secret's, so that an uninstallation leaves nothing behind. */
  readonly service: string;
  readonly secret: string;
  /** Undefined where nobody's caBundle is looked after. */
  readonly webhookConfiguration: string | undefined;
}

const LABELS = { "app.kubernetes.io/managed-by": "piggy-webhooks" };

export function createOwnObjects(client: KubernetesClient, own: OwnObjects) {
  const core = `/api/v1/namespaces/${encodeURIComponent(own.namespace)}`;
  const secrets = `${core}/secrets`;
  const secret = `${secrets}/${encodeURIComponent(own.secret)}`;
  return {
    /** @throws PiggyError when the API server does not say; undefined when there is none. */
    async readSecret(signal: AbortSignal) {
      const response = await client.request({ method: "GET", path: secret, signal });
      if (!response.ok && response.code === 404) return undefined;
      const object = answered(response);
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
      answered(response);
      return "written";
    },

    /**
     * Puts what `change` makes of each webhook's caBundle (PEM) in its place. A configuration that is not there, or that
     * somebody else changes meanwhile, is left for the next time.
     * @throws PiggyError when the API server refuses, or does not say.
     */
    async changeBundles(change: (bundle: string) => string | undefined, signal: AbortSignal): Promise<void> {
      if (own.webhookConfiguration === undefined) return;
      const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(own.webhookConfiguration)}`;
      const response = await client.request({ method: "GET", path, signal });
      if (!response.ok && response.code === 404) return;
      const configuration = answered(response);
      const changes = bundlesOf(configuration).flatMap((bundle, index) => {
        const changed = change(bundle);
        const at = `/webhooks/${index}/clientConfig/caBundle`;
        return changed === undefined ? [] : [{ op: "add", path: at, value: base64(changed) }];
      });
      if (changes.length === 0) return;
      // Whoever wrote in between may have moved the webhooks.
      const version = {
        op: "test",
        path: "/metadata/resourceVersion",
        value: resourceVersionOf(configuration),
      };
      const contentType = "application/json-patch+json";
      const patched = await client.request({
        method: "PATCH",
        path,
        body: [version, ...changes],
        contentType,
        signal,
      });
      if (!patched.ok && (patched.code === 409 || patched.code === 422)) return;
      answered(patched);
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

/** @throws PiggyError `kubernetes_error` for a refusal */
function answered(response: ApiResponse): JsonObject {
  if (response.ok) return response.object;
  throw refused(response);
}

function resourceVersionOf(object: JsonObject): string {
  const { metadata } = object;
  const version = isJsonObject(metadata) ? metadata["resourceVersion"] : undefined;
  if (typeof version === "string") return version;
  throw new PiggyError("kubernetes_error", "Kubernetes API: an object without resourceVersion");
}

/** One text for each webhook, empty where it has none. */
function bundlesOf(configuration: JsonObject): readonly string[] {
  const webhooks: readonly JsonValue[] = Array.isArray(configuration["webhooks"])
    ? configuration["webhooks"]
    : [];
  return webhooks.map((webhook) => {
    const client = isJsonObject(webhook) ? webhook["clientConfig"] : undefined;
    const bundle = isJsonObject(client) ? client["caBundle"] : undefined;
    return typeof bundle === "string" ? Buffer.from(bundle, "base64").toString("utf8") : "";
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
