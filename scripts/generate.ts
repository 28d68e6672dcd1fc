/** `npm run generate`: writes again what is written twice, from where it stands first. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run } from "./bundle/cache.ts";
import { environmentSchema } from "./chart/environment-schema.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SCHEMA = `${ROOT}charts/piggy-webhooks/values.schema.json`;

const schema = JSON.parse(await readFile(SCHEMA, "utf8"));
schema.properties.env = environmentSchema();
await writeFile(SCHEMA, JSON.stringify(schema, undefined, 2));
await run([`${ROOT}node_modules/.bin/biome`, "format", "--write", SCHEMA], ROOT);
console.log("charts/piggy-webhooks/values.schema.json");
