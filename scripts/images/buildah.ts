/** Builds and pushes images from what is on this machine: without a daemon, and without starting anything in them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../bundle/cache.ts";
import { debianProgram } from "../cluster/debian-programs.ts";

export interface Buildah {
  /** Runs one of its commands to the end; answers with what it printed. @throws Error with that */
  run(...command: readonly string[]): Promise<string>;
}

/** Any image: what is built here is not signed. */
const POLICY = { default: [{ type: "insecureAcceptAnything" }] };

/**
 * Debian's buildah, which needs to be root and not to be installed.
 * @param folder for its images and its configuration, and nobody else's
 */
export async function createBuildah(folder: string): Promise<Buildah> {
  const { root, libraryPath } = await debianProgram("buildah");
  const file = (name: string) => join(folder, name);
  await mkdir(file(".config/containers"), { recursive: true });
  await writeFile(file(".config/containers/policy.json"), JSON.stringify(POLICY));
  await writeFile(file("registries.conf"), "");
  const storage = { driver: "vfs", graphroot: file("images"), runroot: file("state") };
  const lines = Object.entries(storage).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  await writeFile(file("storage.conf"), `[storage]\n${lines.join("")}`);
  const environment = {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: folder,
    LD_LIBRARY_PATH: libraryPath,
    CONTAINERS_REGISTRIES_CONF: file("registries.conf"),
    CONTAINERS_STORAGE_CONF: file("storage.conf"),
    // For what it makes on the way.
    TMPDIR: folder,
  };
  const program = [
    "env",
    "-i",
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    join(root, "usr/bin/buildah"),
  ];
  return { run: (...command) => run([...program, ...command]) };
}
