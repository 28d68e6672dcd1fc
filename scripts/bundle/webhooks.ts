/**
 * piggy-webhooks as its image has it: the program, and in lib/ the loader and the C library that it runs with, which
 * an image of nothing else has not. The program that is compiled for this machine alone uses the machine's own.
 */
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compileProgram, type Metafile } from "../compile.ts";
import type { Architecture } from "./architecture.ts";
import { installGlibc } from "./glibc.ts";
import { setInterpreter } from "./interpreter.ts";
import { bunRuntime } from "./runtime.ts";

/** The folder is the image's root; the loader looks for libraries in /lib by itself. */
const LOADER = "/lib/ld.so";

/**
 * Builds it into a folder that is then its own; answers with what the program is made of.
 * @throws Error that says which part failed and why
 */
export async function buildWebhooks(architecture: Architecture, folder: string): Promise<Metafile> {
  const libraries = join(folder, "lib");
  await rm(folder, { recursive: true, force: true });
  await mkdir(libraries, { recursive: true });
  const file = join(folder, "piggy-webhooks");
  const [metafile] = await Promise.all([
    bunRuntime(architecture).then((runtime) => compileProgram("server.ts", file, runtime)),
    installGlibc(architecture, libraries),
  ]);
  const program = await readFile(file);
  setInterpreter(program, LOADER);
  await writeFile(file, program);
  await chmod(file, 0o555);
  return metafile;
}
