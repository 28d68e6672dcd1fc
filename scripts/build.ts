/** Builds what is shipped into dist/: piggy-webhooks, and piggy-env in its own folder. */
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A container's own `.env` and bunfig.toml are the application's, not ours. */
const IGNORE_SURROUNDINGS = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];

export interface Program {
  readonly source: string;
  readonly output: string;
}

export const PIGGY_WEBHOOKS: Program = { source: "server.ts", output: "dist/piggy-webhooks" };
export const PIGGY_ENV: Program = { source: "injector.ts", output: "dist/piggy-env/piggy-env" };

/** Compiles a program, to its own place or another. @throws Error with the compiler's output */
export async function build({ source, output }: Program, to = `${root}${output}`): Promise<string> {
  await mkdir(to.slice(0, to.lastIndexOf("/")), { recursive: true });
  const compile = Bun.spawn(
    [
      process.execPath,
      "build",
      "--compile",
      "--minify",
      "--bytecode",
      "--format=esm",
      ...IGNORE_SURROUNDINGS,
      source,
      "--outfile",
      to,
    ],
    { cwd: root, stdout: "pipe", stderr: "pipe" },
  );
  const [output_, errors, code] = await Promise.all([
    compile.stdout.text(),
    compile.stderr.text(),
    compile.exited,
  ]);
  if (code !== 0) throw new Error(`building ${source} failed:\n${output_}${errors}`);
  return to;
}

if (import.meta.main) {
  for (const program of [PIGGY_WEBHOOKS, PIGGY_ENV]) {
    const file = await build(program);
    const megabytes = (Bun.file(file).size / 1e6).toFixed(1);
    console.log(`${program.output}  ${megabytes} MB`);
  }
}
