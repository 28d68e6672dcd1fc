/** The programs that tests and the demo start: built once for a run, from the sources as they are now. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { buildBundle } from "../../scripts/bundle/bundle.ts";
import { run } from "../../scripts/bundle/cache.ts";

let directory: string | undefined;
const built = new Map<string, Promise<string>>();

/** A folder for what is built. It goes when the process ends, and what `npm test` leaves with all that it made. */
function buildDirectory(): string {
  if (directory !== undefined) return directory;
  const made = mkdtempSync(join(tmpdir(), "piggy-programs-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  directory = made;
  return made;
}

function once(name: string, make: (to: string) => Promise<string>): Promise<string> {
  const program = built.get(name) ?? make(join(buildDirectory(), name));
  built.set(name, program);
  return program;
}

/** piggy-env as it is shipped: the launcher in the bundle's folder. */
export function piggyEnv(): Promise<string> {
  return once("bundle", async (folder) => {
    await buildBundle(ownArchitecture, folder);
    return join(folder, "piggy-env");
  });
}

/** A program in C, linked statically so that it starts as fast as a program can. */
export function compiledC(source: string, name: string): Promise<string> {
  return once(name, async (to) => {
    const compiler = Bun.spawn(
      [process.env["CC"] || "cc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", to, source],
      {
        stdout: "ignore",
        stderr: "pipe",
      },
    );
    const [errors, code] = await Promise.all([compiler.stderr.text(), compiler.exited]);
    if (code !== 0) throw new Error(`compiling ${source} failed:\n${errors}`);
    return to;
  });
}

/** A program in Go, of a folder that is a module which needs no other; static, so that it runs in an empty image. */
export function compiledGo(module: string, name: string): Promise<string> {
  return once(name, async (to) => {
    await run(["env", "CGO_ENABLED=0", "go", "build", "-trimpath", "-buildvcs=false", "-o", to, "."], module);
    return to;
  });
}
