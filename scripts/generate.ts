/** `npm run generate`: writes again what is written twice, from where it stands first. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { run } from "./bundle/cache.ts";
import { environmentSchema } from "./chart/environment-schema.ts";
import { withValuesTable } from "./chart/values-table.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CHART = `${ROOT}charts/piggy-webhooks`;
const SCHEMA = `${CHART}/values.schema.json`;
const README = `${CHART}/README.md`;

const schema = JSON.parse(await readFile(SCHEMA, "utf8"));
schema.properties.env = environmentSchema();
await writeFile(SCHEMA, JSON.stringify(schema, undefined, 2));
await run([`${ROOT}node_modules/.bin/biome`, "format", "--write", SCHEMA], ROOT);
console.log("charts/piggy-webhooks/values.schema.json");

const values = await readFile(`${CHART}/values.yaml`, "utf8");
await writeFile(README, withValuesTable(await readFile(README, "utf8"), values));
console.log("charts/piggy-webhooks/README.md");
