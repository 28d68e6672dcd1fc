/** Packages of one named Debian release, fetched by Debian's own client and held against a checksum. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";
import { run, verify } from "./cache.ts";

export interface DebianPackage {
  readonly package: string;
  readonly version: string;
  /** Who wants to build elsewhere is told. */
  readonly release: string;
  readonly sha256: string;
}

/**
 * Unpacks a package, or what is named of it, into a folder; nothing is installed.
 * @throws Error that says what to do
 */
export async function unpackPackage(
  wanted: DebianPackage,
  architecture: Architecture,
  folder: string,
  members: readonly string[] = [],
): Promise<void> {
  await unpackPackages([wanted], architecture, folder, members);
}

/** Unpacks several into the same folder, of each all of it, or the members that are named. */
export async function unpackPackages(
  wanted: readonly DebianPackage[],
  architecture: Architecture,
  folder: string,
  members: readonly string[] = [],
): Promise<void> {
  const download = join(folder, "download");
  await mkdir(join(download, "lists/partial"), { recursive: true });
  await mkdir(join(download, "cache/archives/partial"), { recursive: true });
  await fetchPackages(wanted, architecture, download);
  for (const each of wanted) {
    const file = fileOf(each, download);
    await verify(file, "sha256", each.sha256);
    const archive = join(download, "content.tar");
    await run(["/bin/sh", "-euc", 'dpkg-deb --fsys-tarfile "$1" >"$2"', "sh", file, archive]);
    await run(["tar", "-xf", archive, "-C", folder, ...members.map((member) => `./${member}`)]);
  }
  await run(["rm", "-r", download]);
}

/** As apt-get names it: the version with its epoch's colon encoded. */
function fileOf({ package: name, version }: DebianPackage, folder: string): string {
  const [file] = [...new Bun.Glob(`${name}_*.deb`).scanSync(folder)];
  if (file === undefined) throw new Error(`apt-get downloaded no ${name} ${version}`);
  return join(folder, file);
}

/** Lists and cache are the call's own, so that neither root nor the machine's own architecture matters. */
async function fetchPackages(
  wanted: readonly DebianPackage[],
  architecture: Architecture,
  folder: string,
): Promise<void> {
  const [first] = wanted;
  if (first !== undefined && Bun.which("apt-get") === null) {
    throw new Error(
      `apt-get is not here, which fetches ${first.package} ${first.version} of ${first.release}: ` +
        "build on Debian or Ubuntu, or in a container of theirs",
    );
  }
  const options = [
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    "Dir::State::status=/dev/null",
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    "APT::Sandbox::User=root",
    "Acquire::Languages=none",
  ].flatMap((option) => ["-o", option]);
  await run(["apt-get", "-qq", ...options, "update"], folder);
  const names = wanted.map(({ package: name, version }) => `${name}=${version}`);
  await run(["apt-get", "-qq", ...options, "download", ...names], folder);
}
