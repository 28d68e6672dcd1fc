/** `bun build --compile`: a program of ours and Bun in one file. */
import { fileURLToPath } from "node:url";
import { run } from "./bundle/cache.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const OPTIONS = [
  ...["--compile", "--minify", "--bytecode", "--format=esm"],
  // A container's own .env and bunfig.toml are the application's, not ours.
  ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
] as const;

/** Compiles into this Bun, or another that is named. @throws Error with the compiler's output */
export async function compileProgram(source: string, to: string, runtime?: string): Promise<void> {
  const executable = runtime === undefined ? [] : [`--compile-executable-path=${runtime}`];
  await run([process.execPath, "build", ...OPTIONS, ...executable, source, "--outfile", to], ROOT);
}
