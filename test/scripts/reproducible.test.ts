/** What is shipped is a function of the sources: whoever builds a commit again can compare. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { run } from "../../scripts/bundle/cache.ts";
import { contentOf, IMAGES } from "../../scripts/images/images.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCES = [
  ...["package.json", "package-lock.json", "tsconfig.json", "bunfig.toml"],
  ...["server.ts", "explain.ts", "check.ts", "injector.ts", "lib", "launcher", "scripts", "node_modules"],
];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-reproducible-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Builds what both images are made of; answers with the digest of each file. */
async function build(root: string, dist: string): Promise<Readonly<Record<string, string>>> {
  const program = `
    import { ownArchitecture } from "./scripts/bundle/architecture.ts";
    import { buildContent, IMAGES } from "./scripts/images/images.ts";
    for (const name of IMAGES) await buildContent(name, ownArchitecture, ${JSON.stringify(dist)});`;
  await run([process.execPath, "-e", program], root);
  const files = IMAGES.flatMap((name) => {
    const folder = contentOf(name, ownArchitecture);
    return [...new Bun.Glob("**").scanSync(join(dist, folder))].map((file) => join(folder, file));
  });
  const digests = files.sort().map(async (file) => {
    const bytes = await Bun.file(join(dist, file)).bytes();
    return [file, new Bun.CryptoHasher("sha256").update(bytes).digest("hex")] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}

/** Another clone, in a folder with another, longer name; packages are linked where one file system holds both. */
async function copySources(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const sources = SOURCES.map((name) => join(ROOT, name));
  const link = run(["cp", "-al", ...sources, to]);
  await link.catch(() => run(["cp", "-a", "--remove-destination", ...sources, to]));
}

test("the same sources are the same bytes, wherever they are built and to", async () => {
  const clone = join(directory, "another", "clone");
  await copySources(clone);
  const here = await build(ROOT, join(directory, "first"));
  const there = await build(clone, join(directory, "second", "in", "a", "deeper", "folder"));
  expect(Object.keys(here).length).toBeGreaterThan(15);
  expect(there).toEqual(here);
});
