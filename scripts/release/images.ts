/** Both images of a release as OCI layouts, each with the bill of materials of each architecture attached to it. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageFile from "../../package.json" with { type: "json" };
import { run } from "../bundle/cache.ts";
import { orasProgram } from "../cluster/oras.ts";
import { createBuildah } from "../images/buildah.ts";
import { ARCHITECTURES, buildImage, contentOf, IMAGES, type ImageName, pushImage } from "../images/images.ts";
import { BILL_OF_MATERIALS } from "../inventory/inventory.ts";
import { type LayoutImage, readLayout } from "./layout.ts";

export interface ReleasedImage extends LayoutImage {
  readonly name: ImageName;
  /** The folder that it is in. */
  readonly layout: string;
}

const { version } = packageFile;
const CYCLONEDX = "application/vnd.cyclonedx+json";

/**
 * @param context a folder that holds dist/ as `npm run build` leaves it
 * @param to a folder that is then theirs
 * @param created seconds since 1970 at which what is attached is said to be made
 */
export async function releaseImages(
  context: string,
  to: string,
  created: number,
): Promise<readonly ReleasedImage[]> {
  const store = await mkdtemp(join(tmpdir(), "piggy-release-"));
  try {
    await mkdir(to, { recursive: true });
    const buildah = await createBuildah(store);
    const images: ReleasedImage[] = [];
    for (const name of IMAGES) {
      const layout = join(to, name);
      await buildImage(buildah, name, ARCHITECTURES, context);
      await pushImage(buildah, name, `oci:${layout}:${version}`);
      const image = { name, layout, ...(await readLayout(layout)) };
      await attachBillsOfMaterials(image, join(context, "dist"), created);
      images.push(image);
    }
    return images;
  } finally {
    await rm(store, { recursive: true, force: true });
  }
}

/** To each architecture's image, where scanners look. Source: OCI image specification, "Image Manifest", subject. */
async function attachBillsOfMaterials(image: ReleasedImage, dist: string, created: number): Promise<void> {
  const oras = await orasProgram();
  const annotation = `org.opencontainers.image.created=${new Date(created * 1000).toISOString()}`;
  for (const { architecture } of image.platforms) {
    const subject = ["--oci-layout", "--platform", `linux/${architecture}`];
    const options = [...subject, "--artifact-type", CYCLONEDX, "--annotation", annotation];
    const file = `${BILL_OF_MATERIALS}:${CYCLONEDX}`;
    const folder = join(dist, contentOf(image.name, architecture));
    await run([oras, "attach", ...options, `${image.layout}:${version}`, file], folder);
  }
}
