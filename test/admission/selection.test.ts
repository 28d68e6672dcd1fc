/** The author's own word on which containers are wrapped: piggy-containers and piggy-skip-containers. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { edited } from "./edited.ts";
import { containerOf, containerWith, isWrapped, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const ONLY = "piggysec.com/piggy-containers";
const SKIP = "piggysec.com/piggy-skip-containers";
const NAMES = ["setup", "main", "side"];
const spec = {
  initContainers: [containerWith({ name: "setup", unknownField: { a: [1] } })],
  containers: [containerWith({ unknownField: 1 }), containerWith({ name: "side", unknownField: null })],
};
const manifestWith = (annotations: Record<string, string>) => podWith({}, { annotations, spec });
const originals = [...spec.initContainers, ...spec.containers];
const leftOut = (annotation: string, name: string) =>
  `piggy: ${annotation} leaves out container ${name}: its references stay text`;

describe("what is wrapped of setup, main and side, which all hold references:", () => {
  test.each<[Record<string, string>, readonly string[]]>([
    [{}, NAMES],
    [{ [ONLY]: "main" }, ["main"]],
    [{ [ONLY]: " setup , side," }, ["setup", "side"]],
    [{ [SKIP]: "setup" }, ["main", "side"]],
    [{ [SKIP]: "main,side" }, ["setup"]],
    [{ [ONLY]: "main,side", [SKIP]: "side" }, ["main"]],
    [{ [ONLY]: "", [SKIP]: "" }, NAMES],
    [{ [ONLY]: " , " }, NAMES],
    [{ [SKIP]: "setup,main,side" }, []],
  ])("%j: %j", async (annotations, wrapped) => {
    const { allowed, pod, json, warnings } = await mutate(world, manifestWith(annotations));
    expect(allowed).toBe(true);
    expect(NAMES.filter((name) => isWrapped(pod, name))).toEqual([...wrapped]);
    const others = NAMES.filter((name) => !wrapped.includes(name));
    for (const name of others) {
      const original = originals.find((container) => container.name === name);
      expect(json).toHaveProperty(
        "spec",
        expect.objectContaining({
          [name === "setup" ? "initContainers" : "containers"]: expect.arrayContaining([original]),
        }),
      );
    }
    const skipped = (annotations[SKIP] ?? "").split(",");
    expect(warnings).toEqual(others.map((name) => leftOut(skipped.includes(name) ? SKIP : ONLY, name)));
  });
});

test("a Pod of which nothing is wrapped is not changed at all", async () => {
  const { patch } = await mutate(world, manifestWith({ [SKIP]: "setup,main,side" }));
  expect(patch).toEqual([]);
});

test("a container that is left out and holds nothing is not worth a word", async () => {
  const { warnings, patch } = await mutate(world, podWith({ env: [] }, { annotations: { [SKIP]: "main" } }));
  expect({ warnings, patch }).toEqual({ warnings: [], patch: [] });
});

test.each([ONLY, SKIP])("a name in %s that no container has is told", async (annotation) => {
  const { allowed, warnings } = await mutate(
    world,
    podWith({}, { annotations: { [annotation]: "main,mian,install-piggy-env" } }),
  );
  expect(allowed).toBe(true);
  expect(warnings).toContain(`piggy: ${annotation}: the Pod has no container mian, install-piggy-env`);
});

describe("a container that is left out is no reason to deny the Pod,", () => {
  const annotations = { [SKIP]: "side" };
  const sideOf = (fields: object) =>
    podWith(
      {},
      { annotations, spec: { containers: [containerWith(), containerWith({ name: "side", ...fields })] } },
    );

  test("although nobody knows what its image runs", async () => {
    const { allowed, pod } = await mutate(world, sideOf({ image: "registry.invalid/x:1", command: [] }));
    expect(allowed).toBe(true);
    expect([isWrapped(pod), isWrapped(pod, "side")]).toEqual([true, false]);
  });

  test("although the API server cannot say what its ConfigMap holds", async () => {
    world.kubernetes.failNext({ path: /configmaps/, status: 500, times: 1 });
    const side = sideOf({ envFrom: [{ configMapRef: { name: "later" } }] });
    const { allowed, warnings } = await mutate(world, side);
    expect({ allowed, warnings }).toEqual({ allowed: true, warnings: [leftOut(SKIP, "side")] });
  });
});

test("a container that was wrapped before, and is left out now, runs without the injector again", async () => {
  const admitted = await mutate(world, podWith());
  const again = await mutate(
    world,
    edited(admitted.pod, ({ metadata }) => void Object.assign(metadata.annotations, { [SKIP]: "main" })),
  );
  expect(containerOf(again.pod).command).toEqual(["/app"]);
  expect(again.pod.metadata.annotations).not.toHaveProperty(["piggysec.com/piggy-uid"]);
  expect(again.warnings).toEqual([leftOut(SKIP, "main")]);
});
