/** What the images weigh: their files on a node's disk, and compressed, as they go over the wire. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Architecture } from "../scripts/bundle/architecture.ts";
import { ARCHITECTURES, buildContent, contentOf, IMAGES, type ImageName } from "../scripts/images/images.ts";
import type { Claim } from "./claim.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { save } from "./save.ts";
import { formatTable } from "./table.ts";

export interface ImageSize {
  readonly image: ImageName;
  readonly architecture: Architecture;
  /** Bytes of all files. */
  readonly onDisk: number;
  /** The same by gzip, file by file, as registries keep layers. */
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
    const images: ImageSize[] = [];
    for (const image of IMAGES) {
      for (const architecture of ARCHITECTURES) {
        await buildContent(image, architecture, directory);
        images.push({
          image,
          architecture,
          ...(await sizeOf(join(directory, contentOf(image, architecture)))),
        });
      }
    }
    console.log(format(images));
    const report: SizesReport = { ...thisMachine(), versions: { bun: Bun.version }, images };
    await save(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
    return [];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function sizeOf(folder: string): Promise<Pick<ImageSize, "onDisk" | "compressed">> {
  let [onDisk, compressed] = [0, 0];
  for (const file of new Bun.Glob("**").scanSync(folder)) {
    const bytes = await Bun.file(join(folder, file)).bytes();
    onDisk += bytes.length;
    compressed += Bun.gzipSync(bytes).length;
  }
  return { onDisk, compressed };
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
