/**
 * The injector's files and a Pod's ephemeral-storage. In an emptyDir they count as the Pod's, not as a container's:
 * the kubelet evicts a Pod whose writable layers, logs and emptyDirs together are more than its limit, which is the sum
 * of its containers' limits, or what an init container may use where that is more. So the install container is given
 * the Pod's own amount and the bundle's size beside it: the Pod's becomes that, and no container's changes.
 *
 * A Pod that names no limit has none, and is given none. Where a LimitRange caps a container's ephemeral-storage below
 * the sum, the API server refuses the Pod with a reason of its own; a ResourceQuota counts the bundle, as it should.
 * Source: Kubernetes documentation, "Local ephemeral storage".
 */
import type { JsonObject } from "../../json.ts";
import type { Container, Pod } from "../../pod.ts";
import { bytesOf, formatBytes } from "../../quantity.ts";
import { podAmount, quantityOf } from "./pod-amount.ts";

const RESOURCE = "ephemeral-storage";

/** What `install` leaves on a disk, with a little room; a test holds it against the bundle. */
const BUNDLE_BYTES = 112n << 20n;

/**
 * What the install container is to name besides CPU and memory, where the Pod's containers name it. Those that request
 * may be others than those that limit it, and the API server takes no request above its limit.
 */
export function installStorage(pod: Pod) {
  const limit = podAmount(pod, (container) => amountOf(container, "limits"));
  // The API server takes a limit alone for the request too.
  const request = podAmount(
    pod,
    (container) => amountOf(container, "requests") ?? amountOf(container, "limits"),
  );
  const isAbove = request !== undefined && limit !== undefined && request > limit;
  return { requests: named(isAbove ? limit : request), limits: named(limit) };
}

function named(amount: bigint | undefined): JsonObject {
  return amount === undefined ? {} : { [RESOURCE]: formatBytes(amount + BUNDLE_BYTES) };
}

/** In bytes; undefined where the container does not name it, or in no way that the API server would take. */
function amountOf(container: Container, kind: "requests" | "limits"): bigint | undefined {
  const quantity = quantityOf(container, kind, RESOURCE);
  return quantity === undefined ? undefined : bytesOf(quantity);
}
