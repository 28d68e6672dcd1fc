/** What the chart says a second time of what stands elsewhere. */
import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import packageFile from "../../package.json" with { type: "json" };

const chart = (file: string) =>
  Bun.file(fileURLToPath(new URL(`../../charts/piggy-webhooks/${file}`, import.meta.url)));

test("chart and program are of one version", async () => {
  const { version, appVersion } = parse(await chart("Chart.yaml").text());
  expect({ version, appVersion }).toEqual({ version: packageFile.version, appVersion: packageFile.version });
});
