/**
 * The loader and the C library that the injector runs with: those of one named release, whatever the machine that
 * builds has.
 */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";
import { cached } from "./cache.ts";
import { unpackPackage } from "./debian.ts";
import pins from "./pins.json" with { type: "json" };

const MULTIARCH = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

/** The loader's name in the package; in the bundle it has one name on every architecture. */
const LOADER = { amd64: "ld-linux-x86-64.so.2", arm64: "ld-linux-aarch64.so.1" } as const;

const LIBRARIES = ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"] as const;

/** Puts loader, libraries and their licence notices into a folder. @throws Error that says what to do */
export async function installGlibc(architecture: Architecture, folder: string): Promise<void> {
  const { package: name, version, release } = pins.glibc;
  const wanted = { package: name, version, release, ...pins.glibc[architecture] };
  const root = await cached(`glibc-${version}-${architecture}`, (work) =>
    unpackPackage(wanted, architecture, work),
  );
  const libraries = join(root, "lib", MULTIARCH[architecture]);
  await mkdir(folder, { recursive: true });
  await copyFile(join(libraries, LOADER[architecture]), join(folder, "ld.so"));
  for (const library of LIBRARIES) await copyFile(join(libraries, library), join(folder, library));
  await copyFile(join(root, "usr/share/doc/libc6/copyright"), join(folder, "glibc.copyright"));
}
