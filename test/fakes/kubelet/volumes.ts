import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { KeyToPath, Projection, Volume } from "../kubernetes/pod.ts";
import type { KubernetesFake, StoredPod } from "../kubernetes.ts";
import { decodedData } from "./data.ts";
import { podField } from "./fields.ts";

interface VolumeFile {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** Makes the host folder of one volume, with its files, and answers with its path. Throws as FailedMount would say. */
export async function prepareVolume(
  volume: Volume,
  pod: StoredPod,
  kubernetes: KubernetesFake,
  directory: string,
  imageRoot: (reference: string) => string,
): Promise<string> {
  if (volume.image) return imageRoot(volume.image.reference ?? "");
  const root = join(directory, "volumes", volume.name);
  await mkdir(root, { recursive: true });
  // An emptyDir is open to every user that a container may run as.
  if (volume.emptyDir) await chmod(root, 0o777);
  for (const file of await volumeFiles(volume, pod, kubernetes)) await writeVolumeFile(root, file);
  return root;
}

async function volumeFiles(
  volume: Volume,
  pod: StoredPod,
  kubernetes: KubernetesFake,
): Promise<VolumeFile[]> {
  const { emptyDir, projected, secret, configMap, downwardAPI } = volume;
  const sources: readonly Projection[] | undefined =
    (emptyDir && []) ??
    projected?.sources ??
    (secret && [{ secret: { ...secret, name: secret.secretName ?? "" } }]) ??
    (configMap && [{ configMap }]) ??
    (downwardAPI && [{ downwardAPI }]);
  if (sources === undefined)
    throw new Error(`MountVolume.SetUp failed for volume "${volume.name}": unknown type`);
  return (await Promise.all(sources.map((source) => sourceFiles(source, pod, kubernetes)))).flat();
}

async function sourceFiles(
  source: Projection,
  pod: StoredPod,
  kubernetes: KubernetesFake,
): Promise<VolumeFile[]> {
  const { serviceAccountToken, configMap, secret, downwardAPI } = source;
  if (serviceAccountToken) {
    const { path, audience, expirationSeconds = 3600 } = serviceAccountToken;
    const content = await kubernetes.token({
      namespace: pod.metadata.namespace,
      serviceAccount: pod.spec.serviceAccountName,
      audiences: audience ? [audience] : [],
      pod: { name: pod.metadata.name, uid: pod.metadata.uid },
      expirationSeconds,
    });
    return [{ path, content }];
  }
  if (downwardAPI) {
    return (downwardAPI.items ?? []).map(({ path, fieldRef }) => ({
      path,
      content: fieldRef ? podField(pod, fieldRef.fieldPath) : "",
    }));
  }
  if (configMap) return objectFiles("ConfigMap", configMap, pod, kubernetes);
  return secret ? objectFiles("Secret", secret, pod, kubernetes) : [];
}

interface ObjectFiles {
  readonly name?: string;
  readonly items?: readonly KeyToPath[];
  readonly optional?: boolean;
}

function objectFiles(
  kind: "ConfigMap" | "Secret",
  { name = "", items, optional = false }: ObjectFiles,
  pod: StoredPod,
  kubernetes: KubernetesFake,
): VolumeFile[] {
  const data = decodedData(kubernetes, kind, pod.metadata.namespace, name);
  if (data === undefined && !optional)
    throw new Error(`MountVolume.SetUp failed: ${kind.toLowerCase()} "${name}" not found`);
  const wanted = items ?? [...(data?.keys() ?? [])].map((key) => ({ key, path: key }));
  return wanted.flatMap(({ key, path }) => {
    const content = data?.get(key);
    if (content !== undefined) return [{ path, content }];
    if (optional) return [];
    throw new Error(`MountVolume.SetUp failed: references non-existent ${kind.toLowerCase()} key: ${key}`);
  });
}

async function writeVolumeFile(root: string, { path, content }: VolumeFile): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content, { mode: 0o644 });
}
