/** The packages of npm that are in a program, by what the compiler says that it took of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PackageURL } from "packageurl-js";
import type { Metafile } from "../compile.ts";
import type { Component } from "./component.ts";
import { licenceNames, licenceText } from "./licences.ts";

/** `node_modules/NAME`, or deeper, of each file of a package that something of has come into the program. */
const FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

export interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly dev?: boolean;
}

/** What a package's package.json says of it; most leave something out, and some of the oldest have other forms. */
interface Described {
  readonly name: string;
  readonly license?: unknown;
  readonly homepage?: unknown;
}

/** The lock file's packages, by folder. */
export type LockedPackages = Readonly<Record<string, LockedPackage | undefined>>;

/** Folders of packages, relative to the project's, in order. */
export function packageFolders({ outputs }: Metafile): readonly string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const folders = files.flatMap((file) => FOLDER.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/**
 * @param root the project's folder
 * @throws Error that names the package which is not locked, or has no licence that is known
 */
export function npmComponent(root: string, folder: string, locked: LockedPackages): Component {
  const described: Described = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const { name, license: licence, homepage } = described;
  const entry = locked[folder];
  if (entry?.integrity === undefined) throw new Error(`${folder} is not in package-lock.json`);
  const { version, integrity } = entry;
  if (typeof licence !== "string" || !isKnown(licence)) {
    throw new Error(`${folder} is shipped, and its licence is not known: ${JSON.stringify(licence)}`);
  }
  const [scope, last] = name.startsWith("@") ? name.split("/") : [undefined, name];
  const notice = noticeIn(join(root, folder));
  return {
    name,
    version,
    licence,
    purl: new PackageURL("npm", scope, last, version, undefined, undefined).toString(),
    checksum: checksumOf(integrity),
    ...(typeof homepage === "string" ? { website: homepage } : {}),
    ...(notice === "" ? {} : { notice }),
  };
}

/** Source: W3C, "Subresource Integrity". */
export function checksumOf(integrity: string): { readonly algorithm: "SHA-512"; readonly hex: string } {
  const base64 = /^sha512-(\S+)$/.exec(integrity)?.[1];
  if (base64 === undefined) throw new Error(`${integrity} is no SHA-512`);
  return { algorithm: "SHA-512", hex: Buffer.from(base64, "base64").toString("hex") };
}

function isKnown(licence: string): boolean {
  try {
    return licenceNames(licence).every((name) => licenceText(name) !== undefined);
  } catch {
    return false;
  }
}

const NOTICE = /^(licen[cs]e|notice|copying|copyright)/i;

function noticeIn(folder: string): string {
  const files = readdirSync(folder).filter((file) => NOTICE.test(file));
  return files
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").trim())
    .join("\n\n");
}
