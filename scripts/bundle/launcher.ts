/** Compiles launcher/: by the machine's compiler for its own architecture, by one from a registry for the other. */
import { chmod } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Architecture, ownArchitecture } from "./architecture.ts";
import { run } from "./cache.ts";
import { crossCompiler } from "./zig.ts";

const SOURCES = fileURLToPath(new URL("../../launcher", import.meta.url));

const FLAGS = [
  ...["-std=c11", "-Os", "-s", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie"],
  ...["-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-builtin"],
  ...["-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion"],
  ...["-Wl,--build-id=none", "-Wl,-z,noexecstack"],
] as const;

/** @throws Error with what the compiler said */
export async function compileLauncher(architecture: Architecture, to: string): Promise<void> {
  const sources = [...new Bun.Glob("*.c").scanSync(SOURCES)].sort();
  const compiler =
    architecture === ownArchitecture
      ? [process.env["CC"] || "cc"]
      : await crossCompiler(architecture, "none");
  await run([...compiler, ...FLAGS, "-o", to, ...sources], SOURCES);
  await chmod(to, 0o555);
}
