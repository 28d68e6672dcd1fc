/**
 * What the install container asks for: what the settings say, within what the Pod has, and so that a Pod which is
 * Guaranteed stays that. Such a Pod may have processors of its own and is the last to be killed for memory; one
 * container with a request below its limit, were it for a moment, makes it Burstable for ever.
 * Source: Kubernetes documentation, "Pod Quality of Service Classes", and ComputePodQOS of pkg/apis/core/helper/qos.
 */
import { isJsonObject, type JsonObject, own } from "../../json.ts";
import type { Container, Pod } from "../../pod.ts";
import { billionthsOf, formatBytes, formatMillis } from "../../quantity.ts";
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

function burstable(pod: Pod, settings: Settings) {
  const {
    "piggy-env-resource-cpu-request": cpu,
    "piggy-env-resource-memory-request": memory,
    "piggy-env-resource-cpu-limit": cpuLimit,
    "piggy-env-resource-memory-limit": memoryLimit,
  } = settings;
  return {
    requests: { cpu, memory },
    limits: { cpu: cpuLimit === "auto" ? freeProcessor(pod, cpu) : cpuLimit, memory: memoryLimit },
  };
}

/** As Piggy has it, and as much as one thread can use. */
const LEAST_PROCESSOR = "200m";
const MOST_PROCESSOR = "1";

/**
 * The CPU limit that costs nothing: the Pod counts for the most of its init containers or for the sum of the others,
 * whichever is more, so that up to the limit of one of its own no quota counts more. Where one of its own has none,
 * neither a quota nor a LimitRange is in the way, which would have given it one.
 */
function freeProcessor(pod: Pod, request: string): string {
  let free = LEAST_PROCESSOR;
  for (const container of ownContainers(pod)) {
    const limit = quantityOf(container, "limits", "cpu") ?? MOST_PROCESSOR;
    if (isMore(limit, free)) free = limit;
  }
  if (isMore(free, MOST_PROCESSOR)) free = MOST_PROCESSOR;
  return isMore(request, free) ? request : free;
}

function isMore(one: string, other: string): boolean {
  return (billionthsOf(one) ?? 0n) > (billionthsOf(other) ?? 0n);
}

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
  const { requests, limits } = burstable(pod, settings);
  const amount = (name: Compute): string => {
    const own = podAmount(pod, (container) => amountOf(container, "limits", name)) ?? 0n;
    if (own <= (billionthsOf(requests[name]) ?? 0n)) return requests[name];
    if (own >= (billionthsOf(limits[name]) ?? 0n)) return limits[name];
    return name === "cpu" ? formatMillis(own) : formatBytes(own / 1_000_000_000n);
  };
  const amounts: JsonObject = { cpu: amount("cpu"), memory: amount("memory") };
  return { requests: amounts, limits: amounts };
}
