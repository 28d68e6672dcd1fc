/**
 * Programs of Debian that need libraries which not every machine has: those are fetched with them, and nothing is
 * installed. They are for tests and for building images; nothing of them is shipped.
 */
import { join } from "node:path";
import { type Architecture, ownArchitecture } from "../bundle/architecture.ts";
import { cached } from "../bundle/cache.ts";
import { unpackPackages } from "../bundle/debian.ts";
import pins from "../bundle/pins.json" with { type: "json" };

const MULTIARCH: Readonly<Record<Architecture, string>> = {
  amd64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
};

export interface DebianProgram {
  /** The folder that holds it and its own as a machine's root would. */
  readonly root: string;
  /** What LD_LIBRARY_PATH has to be for it. */
  readonly libraryPath: string;
}

/** @throws Error that says what to do */
export async function debianProgram(
  name: "crun" | "iptables" | "buildah" | "busybox-static",
): Promise<DebianProgram> {
  const { release, packages } = pins[name];
  const wanted = packages.map((each) => ({ ...each, release, sha256: each[ownArchitecture].sha256 }));
  const version = wanted.find((each) => each.package === name)?.version;
  const root = await cached(`${name}-${version}-${ownArchitecture}`, (work) =>
    unpackPackages(wanted, ownArchitecture, work),
  );
  const folders = ["usr/lib", "lib"].map((folder) => join(root, folder, MULTIARCH[ownArchitecture]));
  return { root, libraryPath: folders.join(":") };
}
