/** What holds for every Pod, on Pods as they are in the world. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { applyPatch, type Operation } from "rfc6902";
import { containersOf, withoutAdditions, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World } from "../support/world.ts";
import { mutate } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const object of corpusObjects) world.kubernetes.add(object);
});
afterAll(() => world.stop());

function applied(before: unknown, patch: readonly Operation[]): unknown {
  const after = structuredClone(before);
  return applyPatch(after, structuredClone([...patch])).every((fault) => fault === null) ? after : undefined;
}

const cases = corpusPods.flatMap(({ name, pod }) =>
  containersOf(pod).map((container) => [name, container.name, pod] as const),
);

describe("a Pod without references is admitted as it is:", () => {
  test.each(corpusPods.map(({ name, pod }) => [name, pod] as const))("%s", async (_, pod) => {
    expect(await mutate(world, pod)).toMatchObject({ allowed: true, patch: [], warnings: [] });
  });
});

describe("with a reference in one container", () => {
  test.each(cases)("of %s, %s, that one alone is changed", async (_, container, pod) => {
    const before = withReferenceIn(pod, container);
    const { allowed, json } = await mutate(world, before);
    expect(allowed).toBe(true);
    const wrapped = containersOf(parsePod(structuredClone(json), "Pod")).filter(
      ({ command }) => command?.[0] === "/piggy/piggy-env",
    );
    expect(wrapped.map(({ name }) => name)).toEqual([container]);
    expect(withoutAdditions(json, before, container)).toEqual(before);
  });

  test.each(cases)("of %s, %s, coming again changes nothing", async (_, container, pod) => {
    const first = await mutate(world, withReferenceIn(pod, container));
    expect(first.patch).not.toBeEmpty();
    expect(await mutate(world, first.pod)).toMatchObject({ allowed: true, patch: [] });
  });

  test.each(cases)("of %s, %s, every operation of the patch is needed", async (_, container, pod) => {
    const before = withReferenceIn(pod, container);
    const { patch, json } = await mutate(world, before);
    for (const index of patch.keys()) {
      const without = patch.filter((__, other) => other !== index);
      expect(Bun.deepEquals(applied(before, without), json)).toBe(false);
    }
  });
});
