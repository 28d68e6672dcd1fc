/** `npm run generate`: writes again what is written twice, from where it stands first. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run } from "./bundle/cache.ts";
import { generatedFiles } from "./docs/generated.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (file: string) => readFile(ROOT + file, "utf8");

for (const { file, content } of generatedFiles) {
  await writeFile(ROOT + file, await content(await read(file), read));
  if (file.endsWith(".json")) await run([`${ROOT}node_modules/.bin/biome`, "format", "--write", file], ROOT);
  console.log(file);
}
