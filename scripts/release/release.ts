/** A release, from what `npm run build` left: images, chart, index, and all of it in a registry where one is named. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { releaseChart } from "./chart.ts";
import { type ReleasedImage, releaseImages } from "./images.ts";
import { pushChart, pushLayout, repositoryOf } from "./push.ts";

export interface ReleaseOptions {
  /** A folder that holds dist/ as `npm run build` leaves it. */
  readonly context: string;
  /** A folder that is then the release's own: images/ and charts/. */
  readonly to: string;
  /** HOST[:PORT][/PATH] to push to, as who `docker login` says. */
  readonly registry: string | undefined;
  /** Seconds since 1970 at which files are said to be made: the same for the same commit. */
  readonly created: number;
}

export interface Release {
  readonly images: readonly ReleasedImage[];
  readonly chart: {
    readonly file: string;
    /** In the registry; undefined where none was named. */
    readonly digest: string | undefined;
  };
}

/** @throws Error that says which part failed and why */
export async function makeRelease({ context, to, registry, created }: ReleaseOptions): Promise<Release> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const images = await releaseImages(context, join(to, "images"), created);
  const pinned = images.map(({ name, digest }) => ({
    name,
    digest,
    repository: registry === undefined ? undefined : repositoryOf(registry, name),
  }));
  const file = await releaseChart(pinned, join(to, "charts"), created);
  if (registry === undefined) return { images, chart: { file, digest: undefined } };
  // The chart comes last: whoever finds it finds its images.
  for (const image of images) await pushLayout(image, registry);
  return { images, chart: { file, digest: await pushChart(file, registry) } };
}
