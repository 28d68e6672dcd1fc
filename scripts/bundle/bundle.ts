/**
 * piggy-env as it is shipped: the launcher, and beside it in lib/ the injector, the loader and the libraries that it
 * runs with. The folder works wherever it is put, for any user; an image is this folder and nothing else.
 */
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compileProgram, type Metafile } from "../compile.ts";
import { alignSegments } from "./alignment.ts";
import type { Architecture } from "./architecture.ts";
import { installGlibc } from "./glibc.ts";
import { setInterpreter } from "./interpreter.ts";
import { compileLauncher } from "./launcher.ts";
import { bunRuntime } from "./runtime.ts";

/** The launcher opens the loader as this descriptor, LOADER_DESCRIPTOR there: the path fits, wherever the loader is. */
const LOADER = "/proc/self/fd/250";

/**
 * Builds the bundle into a folder that is then its own; answers with what the injector is made of.
 * @throws Error that says which part failed and why
 */
export async function buildBundle(architecture: Architecture, folder: string): Promise<Metafile> {
  const libraries = join(folder, "lib");
  await rm(folder, { recursive: true, force: true });
  await mkdir(libraries, { recursive: true });
  const injector = join(libraries, "injector");
  const [metafile] = await Promise.all([
    bunRuntime(architecture).then((runtime) => compileProgram("injector.ts", injector, runtime)),
    compileLauncher(architecture, join(folder, "piggy-env")),
    installGlibc(architecture, libraries),
  ]);
  const program = alignSegments(await readFile(injector));
  setInterpreter(program, LOADER);
  await writeFile(injector, program);
  for (const file of new Bun.Glob("*").scanSync(libraries)) {
    await chmod(join(libraries, file), file.endsWith(".copyright") ? 0o444 : 0o555);
  }
  return metafile;
}
