/** `bun build --compile`: a program of ours and Bun in one file. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./bundle/cache.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const OPTIONS = [
  ...["--compile", "--minify", "--bytecode", "--format=esm"],
  // What is imported when it is needed is a file of its own in the program: a start pays for what it uses.
  "--splitting",
  // A container's own .env and bunfig.toml are the application's, not ours.
  ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
] as const;

export interface Runtime {
  /** The Bun that the program becomes a part of. */
  readonly file: string;
  /** As `bun build --target` names it. */
  readonly target: string;
}

/** What the compiler says of a program: of each file of it, how much of which source has come into it. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

/** Compiles into this Bun, or another that is named. @throws Error with the compiler's output */
export async function compileProgram(source: string, to: string, runtime?: Runtime): Promise<Metafile> {
  // The compiler writes process.arch into the program as text: of the target, or unless it is named, of this machine.
  const into =
    runtime === undefined ? [] : [`--compile-executable-path=${runtime.file}`, `--target=${runtime.target}`];
  const folder = await mkdtemp(join(tmpdir(), "piggy-compile-"));
  try {
    const metafile = join(folder, "metafile.json");
    const options = [...OPTIONS, ...into, `--metafile=${metafile}`];
    await run([process.execPath, "build", ...options, source, "--outfile", to], ROOT);
    return await Bun.file(metafile).json();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
