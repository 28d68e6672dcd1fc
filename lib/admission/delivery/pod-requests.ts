/**
 * What a Pod asks for all its containers together, where it says so in a field of its own. The API server refuses a Pod
 * of which one container, init containers included, asks for more than that; a limit of an init container may be higher,
 * the Pod's holds all the same. Source: Kubernetes documentation, "Assign Pod-level CPU and memory resources", and
 * validatePodResourceConsistency of pkg/apis/core/validation.
 */
import { isJsonObject, type JsonObject, type JsonValue, objectOf, own } from "../../json.ts";
import type { Pod } from "../../pod.ts";
import { isMore } from "../../quantity.ts";

/** The requests, none of them more than the Pod's own. */
export function withinPodRequests({ json }: Pod, requests: JsonObject): JsonObject {
  const resources = objectOf(own(objectOf(own(json, "spec")), "resources"));
  const most = own(resources, "requests");
  if (!isJsonObject(most)) return requests;
  const entries = Object.entries(requests).map(([name, amount]) => {
    const limit = own(most, name);
    return [name, isMore(written(amount), written(limit)) ? limit : amount] as const;
  });
  return Object.fromEntries(entries);
}

/** As it may be written in JSON, too. */
function written(amount: JsonValue | undefined): string {
  return typeof amount === "string" || typeof amount === "number" ? String(amount) : "";
}
