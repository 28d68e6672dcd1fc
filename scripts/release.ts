/**
 * `npm run release [-- --push REGISTRY] [--context FOLDER]`: images, chart and index of a release into dist/release/,
 * with what they are and how large, and into a registry. The folder is the one that dist/ is in; by default this one.
 */
import { existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "./bundle/cache.ts";
import { contentOf } from "./images/images.ts";
import type { ReleasedImage } from "./release/images.ts";
import { chartRepository } from "./release/push.ts";
import { makeRelease } from "./release/release.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

function fail(message: string): never {
  console.error(`piggy: ${message}`);
  process.exit(2);
}

function optionsOf(args: readonly string[]) {
  try {
    const options = { push: { type: "string" }, context: { type: "string" } } as const;
    const { push, context = ROOT } = parseArgs({ args: [...args], options }).values;
    if (push !== "") return { registry: push, context };
  } catch {}
  fail("usage: npm run release [-- --push REGISTRY] [--context FOLDER]");
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
    const size = megabytes(sizeOf(join(dist, contentOf(name, architecture))));
    console.log(`  ${architecture}  ${own}  ${size}, ${megabytes(compressed)} compressed`);
  }
}

const { registry, context } = optionsOf(process.argv.slice(2));
const dist = join(context, "dist");
if (!existsSync(join(dist, "arm64")) || !existsSync(join(dist, "amd64")))
  fail(`${dist} is not whole: npm run build makes what a release is of`);
if (process.getuid?.() !== 0) fail("the images are built by buildah, which is run as root here");

const to = join(dist, "release");
const { images, chart } = await makeRelease({ context, to, registry, created: await createdAt() });
images.forEach(report);
const bytes = await Bun.file(chart.file).bytes();
const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
console.log(`${relative(context, chart.file)}  sha256:${sha256}  ${(bytes.length / 1e3).toFixed(1)} kB`);
if (registry !== undefined) console.log(`${chartRepository(registry)}/piggy-webhooks@${chart.digest}`);
