/** What the chart says a second time of what stands elsewhere. */
import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import packageFile from "../../package.json" with { type: "json" };
import { environmentSchema } from "../../scripts/chart/environment-schema.ts";
import { withValuesTable } from "../../scripts/chart/values-table.ts";

const chart = (file: string) =>
  Bun.file(fileURLToPath(new URL(`../../charts/piggy-webhooks/${file}`, import.meta.url)));

test("the schema of `env` is that of the settings: npm run generate brings it up to date", async () => {
  const { properties } = await chart("values.schema.json").json();
  expect(properties.env).toEqual(environmentSchema());
});

test("the README's table is that of values.yaml: npm run generate brings it up to date", async () => {
  const readme = await chart("README.md").text();
  expect(readme).toContain('| `tls.mode` | `"self"` | Where the certificate comes from.');
  expect(readme).toBe(withValuesTable(readme, await chart("values.yaml").text()));
});

test("chart and program are of one version", async () => {
  const { version, appVersion } = parse(await chart("Chart.yaml").text());
  expect({ version, appVersion }).toEqual({ version: packageFile.version, appVersion: packageFile.version });
});
