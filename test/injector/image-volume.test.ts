/** A container whose injector is a volume that is the injector's image, which nothing was copied from. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { parseProbe } from "../fixtures/probe.ts";
import { startWorld, type World } from "../support/world.ts";
import { addAccounts, putSecret, startContainer } from "./containers.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({
    prepare: (kubernetes) => {
      kubernetes.version = { major: "1", minor: "35" };
    },
  });
  addAccounts(world);
  putSecret(world, { PASSWORD: "hush" });
});
afterAll(() => world.stop());

test("starts with its secret, and the volume is as it was", async () => {
  const annotations = { "piggysec.com/piggy-delivery": "image" };
  const run = await startContainer(world, { annotations, env: { A: "piggy:PASSWORD" } });
  expect(run.pod.spec).not.toHaveProperty("initContainers");
  expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  expect(parseProbe(run.stdout).variable("A")).toBe("hush");
});
