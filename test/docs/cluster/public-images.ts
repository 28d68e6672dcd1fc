/** What stands in a cluster without a network for images of Docker Hub that the pages name. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../scripts/bundle/cache.ts";
import { debianProgram } from "../../../scripts/cluster/debian-programs.ts";
import type { Buildah } from "../../../scripts/images/buildah.ts";
import { motoPackages } from "../../../scripts/moto/moto.ts";

/** Builds an image from a folder that `fill` makes its root. */
async function build(
  buildah: Buildah,
  name: string,
  fill: (root: string) => Promise<void>,
  lines: readonly string[],
): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), "piggy-public-image-"));
  try {
    const root = join(context, "root");
    await mkdir(join(root, "tmp"), { recursive: true });
    await fill(root);
    await writeFile(
      join(context, "Containerfile"),
      ["FROM scratch", "COPY root/ /", ...lines, ""].join("\n"),
    );
    await buildah.run("bud", "--isolation", "chroot", "--tag", name, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Debian's, which is the same program; the names that the pages use of it. */
export async function buildBusybox(buildah: Buildah, name: string): Promise<void> {
  const { root: debian } = await debianProgram("busybox-static");
  const fill = async (root: string) => {
    await mkdir(join(root, "bin"));
    for (const command of ["busybox", "sh"])
      await copyFile(join(debian, "bin/busybox"), join(root, "bin", command));
  };
  await build(buildah, name, fill, ["ENV PATH=/bin", 'CMD ["sh"]']);
}

/** What Python says of its own files. */
const FILES = `
import os, sys, sysconfig
print(os.path.realpath(sys.executable))
print(sysconfig.get_path("stdlib"))
`;

/**
 * The moto that the tests use, on the Python of this machine. `python` is there, and it serves on 5000, as in the
 * image of Docker Hub. Source: moto's Dockerfile.
 */
export async function buildMoto(buildah: Buildah, name: string): Promise<void> {
  const { python, folder } = await motoPackages();
  const [program = "", library = ""] = (await run([python, "-c", FILES])).split("\n");
  const fill = async (root: string) => {
    const compiled = await run(["find", join(library, "lib-dynload"), folder, "-name", "*.so"]);
    const libraries = await librariesOf([program, ...compiled.trim().split("\n")]);
    const left = ["test", "site-packages", "dist-packages", "idlelib", "config-*"].map(
      (each) => `--exclude=${library}/${each}`,
    );
    const archive = join(root, "../files.tar");
    await run(["tar", "-chPf", archive, ...left, program, library, folder, ...libraries]);
    await run(["tar", "-xf", archive, "-C", root, "--transform", "s|^/||", "--absolute-names"]);
    await rm(archive);
    await mkdir(join(root, "usr/local/bin"), { recursive: true });
    await run(["ln", "-s", program, join(root, "usr/local/bin/python")]);
  };
  await build(buildah, name, fill, [
    "ENV PATH=/usr/local/bin",
    `ENV PYTHONPATH=${folder}`,
    "EXPOSE 5000",
    'ENTRYPOINT ["/usr/local/bin/python", "-m", "moto.server", "-H", "0.0.0.0"]',
  ]);
}

/** The loader among them. */
async function librariesOf(programs: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const line of (await run(["ldd", ...programs])).split("\n")) {
    const path = /(?:=> |^\s+)(\/\S+) \(0x/.exec(line)?.[1];
    if (path !== undefined) found.add(path);
  }
  return [...found];
}
