/** A folder that holds images. Source: OCI image specification, "Image Layout", "Image Index", "Image Manifest". */
import { join } from "node:path";
import type { Architecture } from "../bundle/architecture.ts";

export interface PlatformImage {
  readonly architecture: Architecture;
  readonly digest: string;
  /** Of its layers, in bytes, as they go over the wire. */
  readonly compressed: number;
}

export interface LayoutImage {
  /** Of the index, which is the image for every architecture. */
  readonly digest: string;
  readonly platforms: readonly PlatformImage[];
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: Architecture };
}

const readBlob = (layout: string, digest: string) =>
  Bun.file(join(layout, "blobs", digest.replace(":", "/"))).json();

/** What buildah put there. @throws Error when it is not one index */
export async function readLayout(layout: string): Promise<LayoutImage> {
  const { manifests: roots }: { readonly manifests: readonly Descriptor[] } = await Bun.file(
    join(layout, "index.json"),
  ).json();
  const [root, ...others] = roots;
  if (root === undefined || others.length > 0) throw new Error(`${layout} does not hold one image`);
  const { manifests }: { readonly manifests: readonly Descriptor[] } = await readBlob(layout, root.digest);
  const platforms = manifests.map(async ({ digest, platform }) => {
    if (platform === undefined) throw new Error(`${digest} in ${layout} is for no architecture`);
    const { layers }: { readonly layers: readonly Descriptor[] } = await readBlob(layout, digest);
    const compressed = layers.reduce((sum, { size }) => sum + size, 0);
    return { architecture: platform.architecture, digest, compressed };
  });
  return { digest: root.digest, platforms: await Promise.all(platforms) };
}
