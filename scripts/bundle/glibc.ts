/**
 * The loader and the C library that the injector runs with: those of one named release, whatever the machine that
 * builds has, fetched by Debian's own client and held against a checksum.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";
import { cached, run, verify } from "./cache.ts";
import pins from "./pins.json" with { type: "json" };

const MULTIARCH = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

/** The loader's name in the package; in the bundle it has one name on every architecture. */
const LOADER = { amd64: "ld-linux-x86-64.so.2", arm64: "ld-linux-aarch64.so.1" } as const;

const LIBRARIES = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"] as const;

/** Puts loader, libraries and their licence notices into a folder. @throws Error that says what to do */
export async function installGlibc(architecture: Architecture, folder: string): Promise<void> {
  const name = `glibc-${pins.glibc.version}-${architecture}`;
  const root = await cached(name, (work) => unpack(architecture, work));
  const libraries = join(root, "lib", MULTIARCH[architecture]);
  await mkdir(folder, { recursive: true });
  await copyFile(join(libraries, LOADER[architecture]), join(folder, "ld.so"));
  for (const library of LIBRARIES) await copyFile(join(libraries, library), join(folder, library));
  await copyFile(join(root, "usr/share/doc/libc6/copyright"), join(folder, "glibc.copyright"));
}

async function unpack(architecture: Architecture, folder: string): Promise<void> {
  const download = join(folder, "download");
  await mkdir(join(download, "lists/partial"), { recursive: true });
  await mkdir(join(download, "cache/archives/partial"), { recursive: true });
  const file = await fetchPackage(architecture, download);
  await verify(file, "sha256", pins.glibc[architecture].sha256);
  await run(["dpkg-deb", "--extract", file, folder]);
  await run(["rm", "-r", download]);
}

/** Lists and cache are the call's own, so that neither root nor the machine's own architecture matters. */
async function fetchPackage(architecture: Architecture, folder: string): Promise<string> {
  const { package: name, version, release } = pins.glibc;
  if (Bun.which("apt-get") === null) {
    throw new Error(
      `apt-get is not here: piggy-env is built with ${name} ${version} of ${release}, which is fetched by it. ` +
        "Build on Debian or Ubuntu, or in a container of theirs",
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
  await run(["apt-get", "-qq", ...options, "download", `${name}=${version}`], folder);
  const [file] = [...new Bun.Glob("*.deb").scanSync(folder)];
  if (file === undefined) throw new Error(`apt-get downloaded no ${name} ${version}`);
  return join(folder, file);
}
