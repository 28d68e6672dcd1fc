/** The containers that are a Pod's own. */
import type { Container, Pod } from "../pod.ts";
import { isInstallContainer } from "./delivery/injector-volume.ts";

/** Init containers first, without ours. */
export function ownContainers({ initContainers, containers }: Pod): readonly Container[] {
  if (initContainers.length === 0) return containers;
  return [...initContainers.filter((container) => !isInstallContainer(container)), ...containers];
}
