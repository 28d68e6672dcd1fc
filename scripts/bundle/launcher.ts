/** Compiles launcher/: by the machine's compiler for its own architecture, by one from a registry for the other. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Architecture, ownArchitecture } from "./architecture.ts";
import { cached, run } from "./cache.ts";
import pins from "./pins.json" with { type: "json" };

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
    architecture === ownArchitecture ? [process.env["CC"] || "cc"] : await crossCompiler(architecture);
  await run([...compiler, ...FLAGS, "-o", to, ...sources], SOURCES);
  await chmod(to, 0o555);
}

async function crossCompiler(architecture: Architecture): Promise<readonly string[]> {
  const { version, sha256 } = pins.zig;
  const folder = await cached(`zig-${version}`, async (work) => {
    const hashes = sha256.map((hash) => `--hash=sha256:${hash}`).join(" ");
    await Bun.write(join(work, "requirements.txt"), `ziglang==${version} ${hashes}\n`);
    const options = ["--quiet", "--no-deps", "--require-hashes", "--target", work];
    await run(["python3", "-m", "pip", "install", ...options, "-r", join(work, "requirements.txt")]);
  });
  const target = { amd64: "x86_64-linux-none", arm64: "aarch64-linux-none" }[architecture];
  return [join(folder, "ziglang", "zig"), "cc", "-target", target, "-fno-sanitize=undefined"];
}
