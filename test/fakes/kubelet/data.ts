import type { KubernetesFake } from "../kubernetes.ts";

/** The keys of a ConfigMap or Secret with their bytes; undefined for an object that is not there. */
export function decodedData(
  kubernetes: KubernetesFake,
  kind: "ConfigMap" | "Secret",
  namespace: string,
  name: string,
): ReadonlyMap<string, Uint8Array> | undefined {
  const stored = kubernetes.object(kind, namespace, name);
  if (stored === undefined) return undefined;
  const encoding = kind === "Secret" ? "base64" : "utf8";
  return new Map(
    Object.entries(stored.data ?? {}).map(([key, value]) => [key, Buffer.from(value, encoding)]),
  );
}
