/** The images that Pods are started of: those that the node has had from the first round on, and such as nobody has seen. */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { createBuildah } from "../../scripts/images/buildah.ts";
import { buildImage, contentOf, pushImage } from "../../scripts/images/images.ts";
import type { OneNode } from "../../test/cluster/one-node.ts";
import { buildProgramImage } from "../../test/cluster/program-image.ts";

/** Pushes an image of one program; with a `stamp`, one that has no layer in common with any other. */
export async function pushProgram(
  node: OneNode,
  repository: string,
  program: string,
  stamp?: string,
): Promise<string> {
  const folder = await mkdtemp(join(node.directory, "program-"));
  try {
    const file = join(folder, "program");
    await cp(program, file);
    // What stands behind a program does not change what it does.
    if (stamp !== undefined) await writeFile(file, stamp, { flag: "a" });
    await buildProgramImage(node.buildah, "localhost/program", file);
    return await node.push("localhost/program", `${repository}:${stamp ?? "1"}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Pushes the injector's image, with a file more: its one layer is another than that of any other image.
 * @param context what the images are built of
 */
export async function pushInjector(node: OneNode, context: string, stamp: string): Promise<string> {
  const folder = await mkdtemp(join(node.directory, "injector-"));
  try {
    const content = join(folder, "dist", contentOf("piggy-env", ownArchitecture));
    await cp(join(context, "dist", contentOf("piggy-env", ownArchitecture)), content, { recursive: true });
    await writeFile(join(content, "lib/stamp"), stamp);
    const buildah = await createBuildah(join(folder, "buildah"));
    await buildImage(buildah, "piggy-env", [ownArchitecture], folder);
    const image = `${node.registry.host}/piggysec/piggy-env:${stamp}`;
    const options = ["--authfile", node.authFile, "--cert-dir", node.registry.certificates];
    await pushImage(buildah, "piggy-env", `docker://${image}`, options);
    return image;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
