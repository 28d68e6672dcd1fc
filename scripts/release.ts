/**
 * `npm run release [-- --push REGISTRY]`: images, chart and index of a release into dist/release/, with what they are
 * and how large, and into a registry.
 */
import { existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "./bundle/cache.ts";
import { contentOf } from "./images/images.ts";
import type { ReleasedImage } from "./release/images.ts";
import { makeRelease } from "./release/release.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");

function fail(message: string): never {
  console.error(`piggy: ${message}`);
  process.exit(2);
}

function registryOf(args: readonly string[]): string | undefined {
  try {
    const { push } = parseArgs({ args: [...args], options: { push: { type: "string" } } }).values;
    if (push !== "") return push;
  } catch {}
  fail("usage: npm run release [-- --push REGISTRY]");
}

/** When the commit was made, or what whoever builds says. Source: reproducible-builds.org, SOURCE_DATE_EPOCH. */
async function createdAt(): Promise<number> {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const seconds = Number(given || (await run(["git", "log", "-1", "--format=%ct"], ROOT)).trim());
  if (!Number.isSafeInteger(seconds)) fail("SOURCE_DATE_EPOCH is no number of seconds");
  return seconds;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

function sizeOf(folder: string): number {
  const files = [...new Bun.Glob("**").scanSync(folder)];
  return files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

function report({ name, digest, platforms }: ReleasedImage): void {
  console.log(`${name}@${digest}`);
  for (const { architecture, digest: own, compressed } of platforms) {
    const size = megabytes(sizeOf(join(DIST, contentOf(name, architecture))));
    console.log(`  ${architecture}  ${own}  ${size}, ${megabytes(compressed)} compressed`);
  }
}

const registry = registryOf(process.argv.slice(2));
if (!existsSync(join(DIST, "arm64"))) fail("dist/ is not there: npm run build makes what a release is of");
if (process.getuid?.() !== 0) fail("the images are built by buildah, which is run as root here");

const { images, chart } = await makeRelease({
  context: ROOT,
  to: join(DIST, "release"),
  registry,
  created: await createdAt(),
});
images.forEach(report);
const bytes = await Bun.file(chart.file).bytes();
const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
console.log(`${relative(ROOT, chart.file)}  sha256:${sha256}  ${(bytes.length / 1e3).toFixed(1)} kB`);
if (registry !== undefined) console.log(`oci://${registry}/charts/piggy-webhooks@${chart.digest}`);
