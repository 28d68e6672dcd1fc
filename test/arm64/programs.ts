/** What is run on arm64: the bundle as it is shipped, and the fixtures; built once for a run. */
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBundle } from "../../scripts/bundle/bundle.ts";
import { run } from "../../scripts/bundle/cache.ts";
import { crossCompiler } from "../../scripts/bundle/zig.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.c`, import.meta.url));

/** Static programs: each prints, or arranges, what its source in test/fixtures says. */
export const FIXTURES = ["probe", "state", "arrange"] as const;

export interface Arm64Programs {
  /** Holds the bundle in `bundle`, and the fixtures by name. */
  readonly folder: string;
  readonly bundle: string;
}

/** @throws Error with what a compiler said */
export async function buildArm64Programs(): Promise<Arm64Programs> {
  const folder = await mkdtemp(join(tmpdir(), "piggy-arm64-"));
  await chmod(folder, 0o755);
  const bundle = join(folder, "bundle");
  await buildBundle("arm64", bundle);
  const compiler = await crossCompiler("arm64", "musl");
  for (const name of FIXTURES) {
    await run([...compiler, "-O2", "-static", "-o", join(folder, name), fixture(name)]);
  }
  return { folder, bundle };
}
