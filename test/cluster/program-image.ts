/** Images that hold one program and nothing else. */
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Buildah } from "../../scripts/images/buildah.ts";

const CONTAINERFILE = `FROM scratch
COPY program /program
USER 65532:65532
ENTRYPOINT ["/program"]
`;

/** Builds one under a name, of a static program. */
export async function buildProgramImage(buildah: Buildah, name: string, program: string): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), "piggy-image-"));
  try {
    await copyFile(program, join(context, "program"));
    await chmod(join(context, "program"), 0o555);
    await writeFile(join(context, "Containerfile"), CONTAINERFILE);
    await buildah.run("bud", "--isolation", "chroot", "--tag", name, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
