/** What the images weigh: their files on a node's disk, and their layers, as a registry keeps them and a node pulls them. */
import { statSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Architecture } from "../scripts/bundle/architecture.ts";
import { type Buildah, createBuildah } from "../scripts/images/buildah.ts";
import {
  ARCHITECTURES,
  buildContent,
  buildImage,
  contentOf,
  IMAGES,
  type ImageName,
  pushImage,
} from "../scripts/images/images.ts";
import { readLayout } from "../scripts/release/layout.ts";
import type { Claim } from "./claim.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { save } from "./save.ts";
import { formatTable } from "./table.ts";

export interface ImageSize {
  readonly image: ImageName;
  readonly architecture: Architecture;
  /** Bytes of all files. */
  readonly onDisk: number;
  /** Bytes of the image's layers, compressed as they are pushed. */
  readonly compressed: number;
}

export interface SizesReport extends Machine {
  readonly versions: Readonly<Record<string, string>>;
  readonly images: readonly ImageSize[];
}

const RESULTS = fileURLToPath(new URL("results/sizes.json", import.meta.url));

/** Nothing is claimed: bytes are compared with nobody's. */
export async function benchSizes(): Promise<readonly Claim[]> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-bench-"));
  try {
    const buildah = await createBuildah(join(directory, "buildah"));
    const images: ImageSize[] = [];
    for (const image of IMAGES) images.push(...(await sizesOf(image, buildah, directory)));
    console.log(format(images));
    const report: SizesReport = { ...thisMachine(), versions: { bun: Bun.version }, images };
    await save(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
    return [];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** @param context a folder that is then this image's too */
async function sizesOf(image: ImageName, buildah: Buildah, context: string): Promise<readonly ImageSize[]> {
  const dist = join(context, "dist");
  for (const architecture of ARCHITECTURES) await buildContent(image, architecture, dist);
  await buildImage(buildah, image, ARCHITECTURES, context);
  const layout = join(context, "layouts", image);
  await mkdir(dirname(layout), { recursive: true });
  await pushImage(buildah, image, `oci:${layout}`);
  const { platforms } = await readLayout(layout);
  return platforms.map(({ architecture, compressed }) => ({
    image,
    architecture,
    onDisk: sizeOnDisk(join(dist, contentOf(image, architecture))),
    compressed,
  }));
}

function sizeOnDisk(folder: string): number {
  const files = [...new Bun.Glob("**").scanSync(folder)];
  return files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

function format(images: readonly ImageSize[]): string {
  return formatTable(
    ["MB", "on disk", "compressed"],
    images.map(({ image, architecture, onDisk, compressed }) => [
      `${image}, ${architecture}`,
      megabytes(onDisk),
      megabytes(compressed),
    ]),
  );
}
