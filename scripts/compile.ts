/** `bun build --compile`: a program of ours and Bun in one file. */
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

/** Compiles into this Bun, or another that is named. @throws Error with the compiler's output */
export async function compileProgram(source: string, to: string, runtime?: Runtime): Promise<void> {
  // The compiler writes process.arch into the program as text: of the target, or unless it is named, of this machine.
  const into =
    runtime === undefined ? [] : [`--compile-executable-path=${runtime.file}`, `--target=${runtime.target}`];
  await run([process.execPath, "build", ...OPTIONS, ...into, source, "--outfile", to], ROOT);
}
