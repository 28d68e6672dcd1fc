/** The injector that the chart installs by default is given what an injector of ours is given. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { mutate, podWith } from "../admission/mutation.ts";
import { startWorld, type World } from "../support/world.ts";

const chart = (file: string) =>
  Bun.file(fileURLToPath(new URL(`../../charts/piggy-webhooks/${file}`, import.meta.url))).text();

let world: World;
beforeAll(async () => {
  const { repository } = parse(await chart("values.yaml")).mutate.image;
  const { appVersion } = parse(await chart("Chart.yaml"));
  world = await startWorld({ environment: { PIGGY_ENV_IMAGE: `${repository}:${appVersion}` } });
});
afterAll(() => world.stop());

test("a Pod of a default installation gets a token of our own", async () => {
  const { pod, warnings } = await mutate(world, podWith());
  expect(warnings).toEqual([]);
  expect(pod.spec.volumes).toContainEqual(expect.objectContaining({ name: "piggy-token" }));
});
