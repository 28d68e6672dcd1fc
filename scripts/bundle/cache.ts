/** What was fetched once for all clones on a machine: folders by name and version, whole or not there. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

export const CACHE = process.env["PIGGY_BUILD_CACHE"] || join(homedir(), ".cache", "piggy-build");

/** The folder of that name, made by `fill` when it is not there. Two that make it at once do not disturb each other. */
export async function cached(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, "unfinished-"));
  try {
    await fill(work);
    await rename(work, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** Runs a command to its end. @throws Error with what it printed */
export async function run(command: readonly string[], cwd?: string): Promise<string> {
  const child = Bun.spawn([...command], {
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${command.join(" ")} failed with ${code}:\n${output}${errors}`);
  return output;
}

/** @throws Error when the file is another than the one that was pinned */
export async function verify(file: string, algorithm: "sha256" | "sha512", expected: string): Promise<void> {
  const encoding = algorithm === "sha256" ? "hex" : "base64";
  const digest = new Bun.CryptoHasher(algorithm).update(await Bun.file(file).bytes()).digest(encoding);
  if (digest === expected) return;
  throw new Error(`${file} has the ${algorithm} ${digest}, and scripts/bundle/pins.json wants ${expected}`);
}
