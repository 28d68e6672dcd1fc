/** The chart of a release: packaged with the digests of its images in its values, and an index beside it. */
import { cp, mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import packageFile from "../../package.json" with { type: "json" };
import { run } from "../bundle/cache.ts";
import { sectionDefaults } from "../chart/section-defaults.ts";
import { helmProgram } from "../cluster/helm.ts";
import type { ImageName } from "../images/images.ts";

const CHART = fileURLToPath(new URL("../../charts/piggy-webhooks", import.meta.url));

/** Where values.yaml names an image. */
const PLACES: Readonly<Record<ImageName, readonly string[]>> = {
  "piggy-webhooks": ["image"],
  "piggy-env": ["mutate", "image"],
};

export interface PinnedImage {
  readonly name: ImageName;
  readonly digest: string;
  /** Where it was pushed to; undefined leaves what values.yaml says. */
  readonly repository: string | undefined;
}

/** values.yaml, its comments too, with these images. Pure. */
export function pinImages(values: string, images: readonly PinnedImage[]): string {
  const document = parseDocument(values);
  for (const { name, digest, repository } of images) {
    document.setIn([...PLACES[name], "digest"], digest);
    if (repository !== undefined) document.setIn([...PLACES[name], "repository"], repository);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/**
 * Packages it, and writes index.yaml, so that the folder served over HTTP is what `helm repo add` takes.
 * @param to a folder that is then its own
 * @param created seconds since 1970 at which its files are said to be made
 * @returns the package's path
 */
export async function releaseChart(
  images: readonly PinnedImage[],
  to: string,
  created: number,
): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), "piggy-chart-"));
  try {
    const chart = join(work, basename(CHART));
    await cp(CHART, chart, { recursive: true });
    const file = (name: string) => join(chart, name);
    const values = pinImages(await readFile(file("values.yaml"), "utf8"), images);
    await writeFile(file("values.yaml"), values);
    const schema = JSON.parse(await readFile(file("values.schema.json"), "utf8"));
    await writeFile(file("templates/_defaults.tpl"), sectionDefaults(values, schema));
    await mkdir(to, { recursive: true });
    const helm = await helmProgram();
    await run([helm, "package", chart, "--destination", work]);
    const packed = join(to, `${basename(CHART)}-${packageFile.version}.tgz`);
    await packAgain(join(work, basename(packed)), packed, created);
    await run([helm, "repo", "index", to]);
    return packed;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Helm writes the hour into its package: of the same chart this makes the same bytes, and so the same digest. */
async function packAgain(from: string, to: string, created: number): Promise<void> {
  const folder = `${from}.content`;
  await mkdir(folder);
  await run(["tar", "-xzf", from, "-C", folder]);
  const stamp = [`--mtime=@${created}`, "--sort=name", "--owner=0", "--group=0", "--numeric-owner"];
  const files = [...new Bun.Glob("**").scanSync({ cwd: folder, dot: true })].sort();
  await run(["tar", "-cf", `${folder}.tar`, ...stamp, "--mode=0644", "--format=ustar", ...files], folder);
  await run(["gzip", "--no-name", "--best", `${folder}.tar`]);
  await rename(`${folder}.tar.gz`, to).catch(() => cp(`${folder}.tar.gz`, to));
  // Helm tells a registry this hour, too.
  await utimes(to, created, created);
}
