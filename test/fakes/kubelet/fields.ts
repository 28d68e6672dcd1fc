import type { StoredPod } from "../kubernetes/pod.ts";
import { ContainerError } from "./container-error.ts";

/** The value of a `fieldRef` (downward API). Throws for a field that the kubelet does not offer. */
export function podField(pod: StoredPod, path: string): string {
  const [, map, key] = path.match(/^metadata\.(annotations|labels)\['(.+)'\]$/) ?? [];
  if (key !== undefined)
    return (map === "labels" ? pod.metadata.labels : pod.metadata.annotations)?.[key] ?? "";
  switch (path) {
    case "metadata.name":
      return pod.metadata.name;
    case "metadata.namespace":
      return pod.metadata.namespace;
    case "metadata.uid":
      return pod.metadata.uid;
    case "metadata.labels":
      return lines(pod.metadata.labels);
    case "metadata.annotations":
      return lines(pod.metadata.annotations);
    case "spec.serviceAccountName":
      return pod.spec.serviceAccountName;
    case "spec.nodeName":
      return pod.spec.nodeName ?? "localhost";
    case "status.podIP":
    case "status.podIPs":
    case "status.hostIP":
    case "status.hostIPs":
      return "127.0.0.1";
    default:
      throw new ContainerError("CreateContainerConfigError", `unsupported fieldPath: ${path}`);
  }
}

function lines(map: { readonly [key: string]: string } = {}): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join("\n");
}
