/** `npm run build`: what is shipped, into dist/: a program for this machine, and what the images are made of. */
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Architecture, ownArchitecture } from "./bundle/architecture.ts";
import { compileProgram } from "./compile.ts";
import { ARCHITECTURES, buildContent, contentOf, IMAGES, type ImageName } from "./images/images.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`.padStart(10);

async function report(file: string): Promise<number> {
  const bytes = await Bun.file(join(DIST, file)).bytes();
  const digest = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  console.log(`${megabytes(bytes.length)}  ${digest.slice(0, 16)}  dist/${file}`);
  return bytes.length;
}

/** What an image of the folder is, and about what of it goes over the wire: `npm run release` says what layers weigh. */
async function reportImage(name: ImageName, architecture: Architecture): Promise<void> {
  const folder = contentOf(name, architecture);
  const files = [...new Bun.Glob("**").scanSync(join(DIST, folder))].sort();
  let [whole, compressed] = [0, 0];
  for (const file of files) {
    whole += await report(join(folder, file));
    compressed += Bun.gzipSync(await Bun.file(join(DIST, folder, file)).bytes()).length;
  }
  console.log(
    `${megabytes(whole)}  ${megabytes(compressed)} compressed file by file  image ${name}, ${architecture}\n`,
  );
}

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
await compileProgram("server.ts", join(DIST, "piggy-webhooks"));
await report("piggy-webhooks");
await symlink(contentOf("piggy-env", ownArchitecture), join(DIST, "piggy-env"));
for (const architecture of ARCHITECTURES) {
  for (const name of IMAGES) {
    await buildContent(name, architecture, DIST);
    await reportImage(name, architecture);
  }
}
