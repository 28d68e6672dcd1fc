/** The loader and the C library beside a program. */
import { readFile } from "node:fs/promises";
import type { Architecture } from "../bundle/architecture.ts";
import pins from "../bundle/pins.json" with { type: "json" };
import type { Component } from "./component.ts";

/** @param notices the file that installGlibc put beside them */
export async function glibcComponent(architecture: Architecture, notices: string): Promise<Component> {
  const { package: name, version, release } = pins.glibc;
  const source = `Debian's source package glibc ${version}, at https://snapshot.debian.org/package/glibc/${version}/`;
  return {
    name,
    version,
    licence: "LGPL-2.1-or-later",
    notice: `Unchanged files of ${release}. The source is ${source}\n\n${(await readFile(notices, "utf8")).trim()}`,
    website: "https://www.gnu.org/software/libc/",
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-12`,
    checksum: { algorithm: "SHA-256", hex: pins.glibc[architecture].sha256 },
  };
}
