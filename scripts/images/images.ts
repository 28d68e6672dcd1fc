/** The two images, each for every architecture, as `docker build` or buildah make them of dist/. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageFile from "../../package.json" with { type: "json" };
import type { Architecture } from "../bundle/architecture.ts";
import { buildBundle } from "../bundle/bundle.ts";
import { buildWebhooks } from "../bundle/webhooks.ts";
import type { Metafile } from "../compile.ts";
import { takeInventory, writeInventory } from "../inventory/inventory.ts";
import type { Buildah } from "./buildah.ts";

export const IMAGES = ["piggy-webhooks", "piggy-env"] as const;
export type ImageName = (typeof IMAGES)[number];

export const ARCHITECTURES = ["amd64", "arm64"] as const;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The folder of dist/ that is the root of an image. */
export const contentOf = (name: ImageName, architecture: Architecture) => `${architecture}/${name}`;

const BUILDERS: Readonly<
  Record<ImageName, (architecture: Architecture, folder: string) => Promise<Metafile>>
> = {
  "piggy-webhooks": buildWebhooks,
  "piggy-env": buildBundle,
};

/**
 * Builds what an image is made of into its folder of dist/, with what it has to say of all that.
 * @throws Error that says which part failed and why, or what is shipped without a known licence
 */
export async function buildContent(name: ImageName, architecture: Architecture, dist: string): Promise<void> {
  const folder = join(dist, contentOf(name, architecture));
  const metafile = await BUILDERS[name](architecture, folder);
  await writeInventory(name, folder, await takeInventory(architecture, folder, metafile));
}

/**
 * Builds an image for these architectures, and an index of them that has the image's name in buildah's store.
 * @param context a folder that holds dist/ as `npm run build` leaves it
 * @throws Error with what buildah printed
 */
export async function buildImage(
  buildah: Buildah,
  name: ImageName,
  architectures: readonly Architecture[] = ARCHITECTURES,
  context = ROOT,
): Promise<void> {
  await buildah.run("manifest", "create", name);
  for (const architecture of architectures) {
    const image = `localhost/${name}:${architecture}`;
    const file = ["--file", join(ROOT, "Dockerfile"), "--target", name];
    const options = [...file, "--isolation", "chroot", "--platform", `linux/${architecture}`];
    // Without the hour at which it is built: the same dist/ is the same image.
    const stamp = ["--build-arg", `VERSION=${packageFile.version}`, "--timestamp", "0"];
    await buildah.run("bud", ...options, ...stamp, "--tag", image, context);
    await buildah.run("manifest", "add", name, image);
  }
}

/**
 * @param to where, as buildah names it: `docker://HOST/NAME:TAG`, `oci:FOLDER`
 * @param options of buildah's for that place
 */
export async function pushImage(
  buildah: Buildah,
  name: ImageName,
  to: string,
  options: readonly string[] = [],
): Promise<void> {
  await buildah.run("manifest", "push", "--all", "--format", "oci", ...options, name, to);
}
