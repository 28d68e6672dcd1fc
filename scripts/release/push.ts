/** Pushes a release as it was made: what is in the registry has the digests that the chart names. */
import packageFile from "../../package.json" with { type: "json" };
import { run } from "../bundle/cache.ts";
import { helmProgram } from "../cluster/helm.ts";
import { orasProgram } from "../cluster/oras.ts";
import type { ImageName } from "../images/images.ts";
import type { ReleasedImage } from "./images.ts";

const CHART_NAME = "piggy-webhooks";

/** A chart and an image may have one name and one version: each has a place of its own. */
export const repositoryOf = (registry: string, name: ImageName) => `${registry}/${name}`;
export const chartRepository = (registry: string) => `oci://${registry}/charts`;

/** With what is attached to it. @throws Error with what the registry said */
export async function pushLayout({ name, layout }: ReleasedImage, registry: string): Promise<void> {
  const { version } = packageFile;
  const options = ["--recursive", "--no-tty", "--from-oci-layout"];
  const to = `${repositoryOf(registry, name)}:${version}`;
  await run([await orasProgram(), "cp", ...options, `${layout}:${version}`, to]);
}

/** @returns its digest in the registry. @throws Error with what the registry said */
export async function pushChart(file: string, registry: string): Promise<string> {
  await run([await helmProgram(), "push", file, chartRepository(registry)]);
  const place = `${registry}/charts/${CHART_NAME}:${packageFile.version}`;
  return (await run([await orasProgram(), "resolve", place])).trim();
}
