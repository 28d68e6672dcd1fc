/** `npm run build`: what is shipped, into dist/. The bundle of the other architecture is built as well. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Architecture, ownArchitecture } from "./bundle/architecture.ts";
import { buildBundle } from "./bundle/bundle.ts";
import { compileProgram } from "./compile.ts";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

async function report(file: string): Promise<void> {
  const bytes = await Bun.file(join(DIST, file)).bytes();
  const digest = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  console.log(
    `${`${(bytes.length / 1e6).toFixed(2)} MB`.padStart(10)}  ${digest.slice(0, 16)}  dist/${file}`,
  );
}

async function reportAll(folder: string): Promise<void> {
  for (const file of [...new Bun.Glob("**").scanSync(join(DIST, folder))].sort())
    await report(`${folder}/${file}`);
}

const folderOf = (architecture: Architecture) =>
  architecture === ownArchitecture ? "piggy-env" : `piggy-env-${architecture}`;

await mkdir(DIST, { recursive: true });
await compileProgram("server.ts", join(DIST, "piggy-webhooks"));
await report("piggy-webhooks");
for (const architecture of ["amd64", "arm64"] as const) {
  await buildBundle(architecture, join(DIST, folderOf(architecture)));
  await reportAll(folderOf(architecture));
}
