/** What the Dockerfile makes of dist/. Part of `npm run test:cluster`, for buildah is root's; it needs no cluster. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { run } from "../../scripts/bundle/cache.ts";
import { createBuildah } from "../../scripts/images/buildah.ts";
import {
  ARCHITECTURES,
  buildImage,
  contentOf,
  IMAGES,
  type ImageName,
  pushImage,
} from "../../scripts/images/images.ts";
import { anyObject, list, object, record, string } from "../fakes/kubernetes/schema.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-images-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const descriptor = object({ mediaType: string, digest: string }, {});
const parseIndex = object(
  { manifests: list(object({ digest: string, mediaType: string }, { platform: anyObject })) },
  {},
);
const parseManifest = object({ config: descriptor, layers: list(descriptor) }, {});
const parseConfig = object(
  {
    architecture: string,
    config: object({ User: string, Entrypoint: list(string), Labels: record(string) }, {}),
  },
  {},
);

/** A folder as npm run build leaves it, with a text in place of each program. */
async function writeContext(time: Date): Promise<string> {
  const context = await mkdtemp(join(directory, "context-"));
  for (const name of IMAGES) {
    for (const architecture of ARCHITECTURES) {
      const folder = join(context, "dist", contentOf(name, architecture));
      await mkdir(join(folder, "lib"), { recursive: true });
      for (const file of [join(folder, name), join(folder, "lib/ld.so")]) {
        await writeFile(file, `${name} for ${architecture}`);
        await utimes(file, time, time);
      }
    }
  }
  return context;
}

/** An image in OCI's layout. Source: OCI image specification, "Image Layout". */
async function build(name: ImageName, time = new Date()) {
  const store = await mkdtemp(join(directory, "store-"));
  const layout = join(store, "layout");
  const buildah = await createBuildah(store);
  await buildImage(buildah, name, ARCHITECTURES, await writeContext(time));
  await pushImage(buildah, name, `oci:${layout}`);
  const file = (digest: string) => join(layout, "blobs", digest.replace(":", "/"));
  const read = async (digest: string): Promise<unknown> => JSON.parse(await readFile(file(digest), "utf8"));
  const [index] = parseIndex(
    JSON.parse(await readFile(join(layout, "index.json"), "utf8")),
    "layout",
  ).manifests;
  if (index === undefined) throw new Error("the layout is empty");
  const { manifests } = parseIndex(await read(index.digest), "index");
  return { index, manifests, file, read };
}

describe.each(IMAGES)("the image %s", (name) => {
  test("is one index of both architectures, in OCI's own types", async () => {
    const { index, manifests } = await build(name);
    expect(index.mediaType).toBe("application/vnd.oci.image.index.v1+json");
    expect(manifests.map(({ platform }) => platform)).toEqual(
      ARCHITECTURES.map((architecture) => ({ architecture, os: "linux" })),
    );
  });

  test("runs its program for a user that is not root, and says what it is", async () => {
    const { manifests, read } = await build(name);
    for (const [at, { digest }] of manifests.entries()) {
      const manifest = parseManifest(await read(digest), "manifest");
      const { architecture, config } = parseConfig(await read(manifest.config.digest), "config");
      expect(architecture).toBe(ARCHITECTURES[at] ?? "");
      expect(config).toMatchObject({ User: "65532:65532", Entrypoint: [`/${name}`] });
      expect(config.Labels).toMatchObject({
        "org.opencontainers.image.title": name,
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": "Apache-2.0",
      });
    }
  });

  test("is what was built for its architecture and nothing else, which nobody can write to", async () => {
    const { manifests, read, file } = await build(name);
    for (const [at, { digest }] of manifests.entries()) {
      const [layer, ...others] = parseManifest(await read(digest), "manifest").layers;
      if (layer === undefined) throw new Error("no layer");
      expect(others).toEqual([]);
      const listing = await run(["tar", "-tvzf", file(layer.digest)]);
      const entries = listing
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/));
      expect(entries.map(([rights, owner, , , , path]) => [rights, owner, path])).toEqual([
        ["dr-xr-xr-x", "0/0", "lib/"],
        ["-r-xr-xr-x", "0/0", "lib/ld.so"],
        ["-r-xr-xr-x", "0/0", name],
      ]);
      const content = await run(["tar", "-xzOf", file(layer.digest), name]);
      expect(content).toBe(`${name} for ${ARCHITECTURES[at]}`);
    }
  });

  test("is the same whenever it is built of the same", async () => {
    const [one, other] = [await build(name), await build(name, new Date("2001-02-03T04:05:06Z"))];
    expect(one.index.digest).toBe(other.index.digest);
  });
});
