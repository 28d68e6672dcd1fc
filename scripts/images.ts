/**
 * `npm run images [-- PREFIX]`: both images, for every architecture, of what `npm run build` left in dist/. Pushed to
 * PREFIX/NAME:VERSION, as who `docker login` made you there; without PREFIX written to dist/images/NAME, OCI layouts.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageFile from "../package.json" with { type: "json" };
import { createBuildah } from "./images/buildah.ts";
import { buildImage, IMAGES, type ImageName, pushImage } from "./images/images.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const LAYOUTS = join(DIST, "images");

function fail(message: string): never {
  console.error(`piggy: ${message}`);
  process.exit(2);
}

const [prefix, ...rest] = process.argv.slice(2);
if (rest.length > 0) fail("usage: npm run images [-- PREFIX]");
if (!existsSync(join(DIST, "arm64"))) fail("dist/ is not there: npm run build makes what the images are of");
if (process.getuid?.() !== 0)
  fail("buildah is run as root here; docker builds the images too, docs/images.md says how");

/** Where docker keeps who you are. Source: Docker's documentation, "docker login". */
function credentials(): readonly string[] {
  const file = join(process.env["DOCKER_CONFIG"] || join(homedir(), ".docker"), "config.json");
  return existsSync(file) ? ["--authfile", file] : [];
}

const destination = (name: ImageName) =>
  prefix === undefined
    ? { to: `oci:${join(LAYOUTS, name)}:${packageFile.version}`, shown: `dist/images/${name}` }
    : {
        to: `docker://${prefix}/${name}:${packageFile.version}`,
        shown: `${prefix}/${name}:${packageFile.version}`,
      };

const store = await mkdtemp(join(tmpdir(), "piggy-images-"));
try {
  const buildah = await createBuildah(store);
  if (prefix === undefined) {
    await rm(LAYOUTS, { recursive: true, force: true });
    await mkdir(LAYOUTS, { recursive: true });
  }
  for (const name of IMAGES) {
    const { to, shown } = destination(name);
    await buildImage(buildah, name);
    await pushImage(buildah, name, to, prefix === undefined ? [] : credentials());
    console.log(shown);
  }
} finally {
  await rm(store, { recursive: true, force: true });
}
