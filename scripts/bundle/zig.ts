/** A C compiler for an architecture that is not the machine's, from a package of Python's. */
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";
import { cached, run } from "./cache.ts";
import pins from "./pins.json" with { type: "json" };

const PROCESSORS = { amd64: "x86_64", arm64: "aarch64" } as const;

/** The command that compiles; `musl` is linked statically. @throws Error with what pip said */
export async function crossCompiler(
  architecture: Architecture,
  library: "none" | "musl",
): Promise<readonly string[]> {
  const { version, sha256 } = pins.zig;
  const folder = await cached(`zig-${version}`, async (work) => {
    const hashes = sha256.map((hash) => `--hash=sha256:${hash}`).join(" ");
    await Bun.write(join(work, "requirements.txt"), `ziglang==${version} ${hashes}\n`);
    const options = ["--quiet", "--no-deps", "--require-hashes", "--target", work];
    await run(["python3", "-m", "pip", "install", ...options, "-r", join(work, "requirements.txt")]);
  });
  const target = `${PROCESSORS[architecture]}-linux-${library}`;
  return [join(folder, "ziglang", "zig"), "cc", "-target", target, "-fno-sanitize=undefined"];
}
