/** Pods for Windows nodes, on which the injector cannot run. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { isWrapped, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const windows = { os: { name: "windows" } };
const later = (optional: boolean) => ({
  env: [],
  envFrom: [{ configMapRef: { name: "later", optional } }],
});

describe("a Pod for Windows that holds references is denied, and told why:", () => {
  test.each<[string, object, object]>([
    ["by spec.os", windows, {}],
    ["by its node selector", { nodeSelector: { "kubernetes.io/os": "windows" } }, {}],
    ["whose image would have to be asked", windows, { image: "registry.invalid/app:1", command: [] }],
    ["which a ConfigMap may hold that is not there yet", windows, later(false)],
  ])("%s", async (_, spec, container) => {
    const manifest = podWith(container, {});
    const { allowed, status, patch } = await mutate(world, {
      ...manifest,
      spec: { ...manifest.spec, ...spec },
    });
    expect({ allowed, patch }).toEqual({ allowed: false, patch: [] });
    expect(status.code).toBe(403);
    for (const part of ['container "main"', "Windows", "piggysec.com/piggy-skip-containers"]) {
      expect(status.message).toContain(part);
    }
  });
});

describe("a Pod for Windows is left alone", () => {
  const annotations = { "example.com/x": "y" };
  test.each<[string, object, Parameters<typeof podWith>[1]]>([
    ["when it holds no reference", { env: [] }, {}],
    ["when it is not ours", {}, { metadata: { annotations } }],
  ])("%s", async (_, container, options) => {
    const manifest = podWith(container, options);
    const { allowed, patch, warnings } = await mutate(world, {
      ...manifest,
      spec: { ...manifest.spec, ...windows },
    });
    expect({ allowed, patch, warnings }).toEqual({ allowed: true, patch: [], warnings: [] });
  });

  test.each<[string, object, Record<string, string>, string]>([
    [
      "its author leaves the container out",
      {},
      { "piggysec.com/piggy-skip-containers": "main" },
      "stay text",
    ],
    ["an optional ConfigMap is not there", later(true), {}, "Linux program"],
  ])("with a warning when %s", async (_, container, annotations, words) => {
    const manifest = podWith(container, { annotations });
    const { allowed, patch, warnings } = await mutate(world, {
      ...manifest,
      spec: { ...manifest.spec, ...windows },
    });
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
    expect(warnings).toEqual([expect.stringContaining(words)]);
  });
});

test("spec.os is believed before the node selector, and Linux is wrapped", async () => {
  const spec = { os: { name: "linux" }, nodeSelector: { "kubernetes.io/os": "windows" } };
  const manifest = podWith();
  const { pod } = await mutate(world, { ...manifest, spec: { ...manifest.spec, ...spec } });
  expect(isWrapped(pod)).toBe(true);
});
