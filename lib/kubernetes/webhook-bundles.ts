/**
 * The caBundle of the webhook's own configuration, by which the API server verifies it.
 * Source: Kubernetes API reference, MutatingWebhookConfiguration admissionregistration.k8s.io/v1.
 */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, type JsonValue, objectOf } from "../json.ts";
import type { KubernetesClient } from "./client.ts";
import { base64, granted } from "./objects.ts";

export type ChangeBundles = (
  change: (bundle: string) => string | undefined,
  signal: AbortSignal,
) => Promise<void>;

/**
 * Puts what `change` makes of each webhook's caBundle (PEM) in its place. A configuration that is not there, or that
 * somebody else changes meanwhile, is left for the next time.
 *
 * What it gives throws PiggyError when the API server refuses, or does not say.
 * @param name of the configuration; undefined where nobody's caBundle is looked after
 */
export function createBundleChanger(client: KubernetesClient, name: string | undefined): ChangeBundles {
  return async (change, signal) => {
    if (name === undefined) return;
    const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(name)}`;
    const response = await client.request({ method: "GET", path, signal });
    if (!response.ok && response.code === 404) return;
    const configuration = granted(response);
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
    const body = [version, ...changes];
    const patched = await client.request({ method: "PATCH", path, body, contentType, signal });
    if (!patched.ok && (patched.code === 409 || patched.code === 422)) return;
    granted(patched);
  };
}

function resourceVersionOf({ metadata }: JsonObject): string {
  const version = objectOf(metadata)["resourceVersion"];
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
