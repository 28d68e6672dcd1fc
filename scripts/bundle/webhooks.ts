/**
 * piggy-webhooks as its image has it: the program, and in lib/ the loader and the C library that it runs with, which
 * an image of nothing else has not. The program that is compiled for this machine alone uses the machine's own.
 */
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compileProgram } from "../compile.ts";
import type { Architecture } from "./architecture.ts";
import { installGlibc } from "./glibc.ts";
import { setInterpreter } from "./interpreter.ts";
import { bunRuntime } from "./runtime.ts";

/** The folder is the image's root; the loader looks for libraries in /lib by itself. */
const LOADER = "/lib/ld.so";

/** Builds it into a folder that is then its own. @throws Error that says which part failed and why */
export async function buildWebhooks(architecture: Architecture, folder: string): Promise<void> {
  const libraries = join(folder, "lib");
  await rm(folder, { recursive: true, force: true });
  await mkdir(libraries, { recursive: true });
  const file = join(folder, "piggy-webhooks");
  await Promise.all([
    installGlibc(architecture, libraries),
    bunRuntime(architecture).then((runtime) => compileProgram("server.ts", file, runtime)),
  ]);
  const program = await readFile(file);
  setInterpreter(program, LOADER);
  await writeFile(file, program);
  await chmod(file, 0o555);
}
