/**
 * What the install container asks for: what the settings say, within what the Pod has, and so that a Pod which is
 * Guaranteed stays that. Such a Pod may have processors of its own and is the last to be killed for memory; one
 * container with a request below its limit, were it for a moment, makes it Burstable for ever.
 * Source: Kubernetes documentation, "Pod Quality of Service Classes", and ComputePodQOS of pkg/apis/core/helper/qos.
 */
import { isJsonObject, type JsonObject, own } from "../../json.ts";
import type { Container, Pod } from "../../pod.ts";
import { billionthsOf, formatBytes, formatMillis, isMore } from "../../quantity.ts";
import type { Settings } from "../../settings.ts";
import { ownContainers } from "../own-containers.ts";
import { installStorage } from "./install-storage.ts";
import { podAmount, quantityOf } from "./pod-amount.ts";
import { withinPodRequests } from "./pod-requests.ts";

export function installResources(pod: Pod, settings: Settings) {
  const storage = installStorage(pod);
  const { requests, limits } = isGuaranteed(pod) ? guaranteed(pod, settings) : burstable(pod, settings);
  return {
    requests: withinPodRequests(pod, { ...requests, ...storage.requests }),
    limits: { ...limits, ...storage.limits },
  };
}

const COMPUTE = ["cpu", "memory"] as const;
type Compute = (typeof COMPUTE)[number];

function burstable(pod: Pod, settings: Settings, most = MOST_PROCESSOR) {
  const { request, limit } = processor(pod, settings, most);
  return {
    requests: { cpu: request, memory: settings["piggy-env-resource-memory-request"] },
    limits: { cpu: limit, memory: settings["piggy-env-resource-memory-limit"] },
  };
}

/** As Piggy has it, and as much as one thread can use. */
const LEAST_PROCESSOR = "200m";
const MOST_PROCESSOR = "1";
/**
 * In a Guaranteed Pod a whole one would be taken out of what all share, and given to this container alone.
 * Source: Kubernetes documentation, "Control CPU Management Policies on the Node", static policy.
 */
const MOST_SHARED_PROCESSOR = "999m";

/**
 * With `auto` as the Pod's own container has it whose limit is the highest: a Pod counts for its init containers or for
 * the others together, whichever is more, so no quota counts more for it, and a LimitRange that lets the one have it
 * lets the other, the ratio of limit and request included. Where none of them has a limit, no quota and no default of a
 * LimitRange is in the way.
 */
function processor(pod: Pod, settings: Settings, mostWanted: string) {
  const { "piggy-env-resource-cpu-request": request, "piggy-env-resource-cpu-limit": limit } = settings;
  if (limit !== "auto") return { request, limit };
  let highest: { readonly request: string; readonly limit: string } | undefined;
  for (const container of ownContainers(pod)) {
    const own = quantityOf(container, "limits", "cpu");
    if (own === undefined || (highest !== undefined && !isMore(own, highest.limit))) continue;
    // The API server takes a limit alone for the request too.
    highest = { request: quantityOf(container, "requests", "cpu") ?? own, limit: own };
  }
  if (highest === undefined) return { request, limit: more(request, mostWanted) };
  const most = less(more(highest.limit, LEAST_PROCESSOR), mostWanted);
  const asked = more(request, less(highest.request, most));
  return { request: asked, limit: more(asked, most) };
}

const more = (one: string, other: string) => (isMore(one, other) ? one : other);
const less = (one: string, other: string) => (isMore(one, other) ? other : one);

/** Where the Pod names amounts for all its containers together, those alone decide. */
function isGuaranteed(pod: Pod): boolean {
  const spec = pod.json["spec"];
  const ofPod = isJsonObject(spec) ? own(spec, "resources") : undefined;
  if (isJsonObject(ofPod)) return false;
  const containers = ownContainers(pod);
  // To reckon with amounts costs more than to see that there are none.
  const areNamed = containers.every((container) =>
    COMPUTE.every((name) => quantityOf(container, "limits", name)),
  );
  return areNamed && containers.every((container) => COMPUTE.every((name) => isFixed(container, name)));
}

/** Whether the container may use exactly what it asks for. The API server takes a limit alone for the request too. */
function isFixed(container: Container, name: Compute): boolean {
  const limit = amountOf(container, "limits", name) ?? 0n;
  return limit > 0n && (amountOf(container, "requests", name) ?? limit) === limit;
}

function amountOf(container: Container, kind: "requests" | "limits", name: Compute): bigint | undefined {
  const quantity = quantityOf(container, kind, name);
  return quantity === undefined ? undefined : billionthsOf(quantity);
}

/** As much as the Pod has anyway, between request and limit of the settings: none is put on top for a moment's copying. */
function guaranteed(pod: Pod, settings: Settings) {
  const { requests, limits } = burstable(pod, settings, MOST_SHARED_PROCESSOR);
  const amount = (name: Compute): string => {
    const own = podAmount(pod, (container) => amountOf(container, "limits", name)) ?? 0n;
    if (own <= (billionthsOf(requests[name]) ?? 0n)) return requests[name];
    if (own >= (billionthsOf(limits[name]) ?? 0n)) return limits[name];
    return name === "cpu" ? formatMillis(own) : formatBytes(own / 1_000_000_000n);
  };
  const amounts: JsonObject = { cpu: amount("cpu"), memory: amount("memory") };
  return { requests: amounts, limits: amounts };
}
