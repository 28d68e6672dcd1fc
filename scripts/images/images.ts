/** The two images, each for every architecture, as `docker build` or buildah make them of dist/. */
import { fileURLToPath } from "node:url";
import packageFile from "../../package.json" with { type: "json" };
import type { Architecture } from "../bundle/architecture.ts";
import type { Buildah } from "./buildah.ts";

export const IMAGES = ["piggy-webhooks", "piggy-env"] as const;
export type ImageName = (typeof IMAGES)[number];

export const ARCHITECTURES = ["amd64", "arm64"] as const;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The folder of dist/ that is the root of an image. */
export const contentOf = (name: ImageName, architecture: Architecture) => `${architecture}/${name}`;

/**
 * Builds an image for these architectures, and an index of them that has the image's name in buildah's store.
 * @throws Error with what buildah printed
 */
export async function buildImage(
  buildah: Buildah,
  name: ImageName,
  architectures: readonly Architecture[] = ARCHITECTURES,
): Promise<void> {
  await buildah.run("manifest", "create", name);
  for (const architecture of architectures) {
    const image = `localhost/${name}:${architecture}`;
    const options = ["--isolation", "chroot", "--platform", `linux/${architecture}`, "--target", name];
    // Without the hour at which it is built: the same dist/ is the same image.
    const stamp = ["--build-arg", `VERSION=${packageFile.version}`, "--timestamp", "0"];
    await buildah.run("bud", ...options, ...stamp, "--tag", image, ROOT);
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
