/** The Bun that the injector is compiled into: of either architecture, for processors without AVX too. */
import { join } from "node:path";
import type { Runtime } from "../compile.ts";
import type { Architecture } from "./architecture.ts";
import { cached, run, verify } from "./cache.ts";
import pins from "./pins.json" with { type: "json" };

const TARGETS = { amd64: "bun-linux-x64-baseline", arm64: "bun-linux-arm64" } as const;

/** @throws Error with what npm said */
export async function bunRuntime(architecture: Architecture): Promise<Runtime> {
  const { package: name, integrity } = pins.bun[architecture];
  const { version } = pins.bun;
  const folder = await cached(`bun-${version}-${architecture}`, async (work) => {
    await run(["npm", "pack", "--silent", `${name}@${version}`], work);
    const [file] = [...new Bun.Glob("*.tgz").scanSync(work)];
    if (file === undefined) throw new Error(`npm pack made no file of ${name}@${version}`);
    await verify(join(work, file), "sha512", integrity.replace("sha512-", ""));
    await run(["tar", "-xzf", file, "--strip-components=1"], work);
    await run(["rm", file], work);
  });
  return { file: join(folder, "bin", "bun"), target: TARGETS[architecture] };
}
