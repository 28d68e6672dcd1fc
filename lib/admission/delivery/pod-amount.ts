/**
 * What a Pod's containers come to together, as the API server and the kubelet reckon it: containers and sidecars side
 * by side, or an init container's moment, where that is more. Source: Kubernetes documentation, "Init Containers",
 * "Resource sharing within containers".
 */
import { isJsonObject, own } from "../../json.ts";
import type { Container, Pod } from "../../pod.ts";
import { ownContainers } from "../own-containers.ts";
import { isInstallContainer } from "./injector-volume.ts";

/** As written; undefined where the container does not name the resource. */
export function quantityOf(
  { json }: Container,
  kind: "requests" | "limits",
  resource: string,
): string | undefined {
  const resources = own(json, "resources");
  const list = isJsonObject(resources) ? own(resources, kind) : undefined;
  const amount = isJsonObject(list) ? own(list, resource) : undefined;
  return typeof amount === "string" || typeof amount === "number" ? String(amount) : undefined;
}

/** Undefined where no container of the Pod's own has an amount. */
export function podAmount(
  pod: Pod,
  amount: (container: Container) => bigint | undefined,
): bigint | undefined {
  if (ownContainers(pod).every((container) => amount(container) === undefined)) return undefined;
  let sidecars = 0n;
  let most = 0n;
  for (const container of pod.initContainers) {
    if (isInstallContainer(container)) continue;
    const moment = sidecars + (amount(container) ?? 0n);
    if (moment > most) most = moment;
    if (container.json["restartPolicy"] === "Always") sidecars = moment;
  }
  const running = pod.containers.reduce((sum, container) => sum + (amount(container) ?? 0n), sidecars);
  return running > most ? running : most;
}
