/** Images that hold one program and nothing else. */
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Buildah } from "../../scripts/images/buildah.ts";
import { compiledC } from "../support/programs.ts";
import type { OneNode } from "./one-node.ts";

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

/** Compiles a program in C and pushes an image of it. @returns what the node pulls it by */
export async function pushCompiled(
  { buildah, push }: Pick<OneNode, "buildah" | "push">,
  name: string,
  source: URL,
): Promise<string> {
  await buildProgramImage(buildah, `localhost/${name}`, await compiledC(fileURLToPath(source), name));
  return push(`localhost/${name}`, `tests/${name}:1`);
}

/** A program that says what it was given, and stays. */
export const LINGER = new URL("linger.c", import.meta.url);
