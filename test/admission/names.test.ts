/** Names that the Pod has taken and the webhook needs: no Pod starts with literal references because of one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const plain = (name: string) => containerWith({ name, env: [] });

describe("denied, and told to rename it:", () => {
  test.each<[string, string, object]>([
    ["volume", "piggy-env", { volumes: [{ name: "piggy-env", configMap: { name: "mine" } }] }],
    ["volume", "piggy-token", { volumes: [{ name: "piggy-token", emptyDir: {} }] }],
    ["container", "install-piggy-env", { initContainers: [plain("install-piggy-env")] }],
    ["container", "install-piggy-env", { containers: [containerWith(), plain("install-piggy-env")] }],
    [
      "container",
      "install-piggy-env",
      { initContainers: [containerWith({ name: "install-piggy-env" })], containers: [plain("main")] },
    ],
    ["container", "install-piggy-env", { containers: [containerWith({ name: "install-piggy-env" })] }],
  ])("%s %s in %j", async (what, name, spec) => {
    const { allowed, status } = await mutate(world, podWith({}, { spec }));
    expect(allowed).toBe(false);
    expect(status).toMatchObject({
      code: 403,
      message: expect.stringContaining(`${what} of its own called ${name}`),
    });
  });
});

test("a Pod with nothing to inject may have them all", async () => {
  const volumes = [
    { name: "piggy-env", configMap: { name: "mine" } },
    { name: "piggy-token", emptyDir: {} },
  ];
  const spec = { volumes, initContainers: [plain("install-piggy-env")] };
  const { allowed, patch } = await mutate(world, podWith({ env: [] }, { spec }));
  expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
});
