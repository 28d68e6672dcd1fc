/** What an image is made of besides our own, and the two files by which the image says it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageFile from "../../package.json" with { type: "json" };
import lock from "../../package-lock.json" with { type: "json" };
import type { Architecture } from "../bundle/architecture.ts";
import type { Metafile } from "../compile.ts";
import { billOfMaterials } from "./bill-of-materials.ts";
import { bunComponent } from "./bun.ts";
import type { Component } from "./component.ts";
import { glibcComponent } from "./glibc.ts";
import { thirdPartyNotices } from "./notices.ts";
import { type LockedPackages, npmComponent, packageFolders } from "./npm-packages.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LOCKED: LockedPackages = lock.packages;

/** In the image's root. */
export const BILL_OF_MATERIALS = "sbom.cdx.json";
export const NOTICES = "THIRD-PARTY.txt";

/**
 * @param folder the image's content
 * @param metafile of the program in it
 * @throws Error that names what has no known licence
 */
export async function takeInventory(
  architecture: Architecture,
  folder: string,
  metafile: Metafile,
): Promise<readonly Component[]> {
  return [
    bunComponent(architecture),
    await glibcComponent(architecture, join(folder, "lib/glibc.copyright")),
    ...packageFolders(metafile).map((each) => npmComponent(ROOT, each, LOCKED)),
  ];
}

/** Writes both files into the image's content. */
export async function writeInventory(
  image: string,
  folder: string,
  components: readonly Component[],
): Promise<void> {
  const subject = { name: image, version: packageFile.version };
  await writeFile(join(folder, BILL_OF_MATERIALS), billOfMaterials(subject, components));
  await writeFile(join(folder, NOTICES), thirdPartyNotices(image, components));
}
