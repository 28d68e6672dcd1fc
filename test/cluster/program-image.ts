/** Images that hold one program and nothing else. */
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Buildah } from "../../scripts/images/buildah.ts";

/** Source: Dockerfile reference. */
const containerfile = (environment: Readonly<Record<string, string>>) =>
  [
    "FROM scratch",
    "COPY program /program",
    ...Object.entries(environment).map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`),
    "USER 65532:65532",
    'ENTRYPOINT ["/program"]\n',
  ].join("\n");

/** Builds one under a name, of a static program, with an environment of its own. */
export async function buildProgramImage(
  buildah: Buildah,
  name: string,
  program: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), "piggy-image-"));
  try {
    await copyFile(program, join(context, "program"));
    await chmod(join(context, "program"), 0o555);
    await writeFile(join(context, "Containerfile"), containerfile(environment));
    await buildah.run("bud", "--isolation", "chroot", "--tag", name, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
