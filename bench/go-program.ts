/** Programs in Go that the bench runs, built from their sources once for a machine. */
import { fileURLToPath } from "node:url";
import { cached, run } from "../scripts/bundle/cache.ts";

/** The program of a folder beside this file that is a module of its own. Returns its path. */
export async function goProgram(folder: string): Promise<string> {
  const module = fileURLToPath(new URL(folder, import.meta.url));
  const hash = new Bun.CryptoHasher("sha256").update(await goVersion());
  for (const file of [...new Bun.Glob("*").scanSync(module)].sort()) {
    hash.update(`${file}\0`).update(await Bun.file(`${module}/${file}`).bytes());
  }
  const name = `bench-${folder.replaceAll("/", "-")}-${hash.digest("hex").slice(0, 16)}`;
  const built = await cached(name, (work) =>
    withoutC(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", `${work}/program`, "."], module),
  );
  return `${built}/program`;
}

/** As such programs are released: static, with Go's own resolver. */
export async function withoutC(command: readonly string[], cwd: string): Promise<void> {
  await run(["env", "CGO_ENABLED=0", ...command], cwd);
}

export async function goVersion(): Promise<string> {
  return (await run(["go", "env", "GOVERSION"])).trim();
}

/** @throws Error that says what is missing */
export function requireGo(): void {
  if (Bun.which("go") === null) throw new Error("go is not here: what Piggy is measured against is in Go");
}

/** The version of a module that a folder's go.mod names. */
export async function moduleVersion(folder: string, module: string): Promise<string> {
  const file = fileURLToPath(new URL(`${folder}/go.mod`, import.meta.url));
  const lines = (await Bun.file(file).text()).split("\n").map((line) => line.trim());
  const line = lines.find((each) => each.startsWith(`${module} `));
  if (line === undefined) throw new Error(`${file} names no ${module}`);
  return line.slice(module.length + 1);
}
