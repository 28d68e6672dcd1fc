/** No patch is larger than another implementation's of the same change. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPatch, type Operation } from "rfc6902";
import { containersOf, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { hostilePods } from "../corpus/hostile.ts";
import type { Container, Pod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, mutate, podWith, post, reviewOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const object of corpusObjects) world.kubernetes.add(object);
  for (const { objects } of hostilePods) for (const object of objects) world.kubernetes.add(object);
});
afterAll(() => world.stop());

/** Of our own, and the only ones that a patch may hold as a whole. */
const INSTALL_CONTAINER = "install-piggy-env";

/**
 * Whether a container of the Pod's own stands in the patch from its beginning to its end. The other implementation
 * makes one into ours and writes it a second time, where that is shorter: fields that we do not know are among it.
 */
function rewritesContainer(patch: readonly Operation[]): boolean {
  return patch.some(
    (operation) =>
      operation.op !== "remove" &&
      /^\/spec\/(initC|c)ontainers\/(\d+|-)$/.test(operation.path) &&
      !Bun.deepMatch({ value: { name: INSTALL_CONTAINER } }, operation),
  );
}

const lengthOf = (patch: readonly Operation[]) => JSON.stringify(patch).length;

/** @returns whether the two could be compared */
async function compare(pod: object): Promise<boolean> {
  const { patch, json } = await mutate(world, pod);
  expect(patch).not.toBeEmpty();
  expect(rewritesContainer(patch)).toBe(false);
  const other = createPatch(JSON.parse(JSON.stringify(pod)), json);
  if (rewritesContainer(other)) return false;
  expect(lengthOf(patch)).toBeLessThanOrEqual(lengthOf(other));
  return true;
}

function changed(pod: Pod, change: (container: Container) => Container): Pod {
  const { initContainers, containers } = pod.spec;
  const lists = { ...(initContainers && { initContainers: initContainers.map(change) }) };
  return { ...pod, spec: { ...pod.spec, ...lists, containers: containers.map(change) } };
}

const isWrapped = ({ env = [] }: Container) => env.some(({ name }) => name === "PIGGY_UID");
const late = (container: Container) =>
  isWrapped(container) ? { ...container, args: [...(container.args ?? []), "--late=$(A)"] } : container;
const stale = ({ env = [], ...container }: Container) => ({
  ...container,
  env: env.map((variable) =>
    variable.name === "PIGGY_ADDRESS" ? { name: variable.name, value: "https://old.example.com" } : variable,
  ),
});

const cases = corpusPods.flatMap(({ name, pod }) =>
  containersOf(pod).map((container) => [name, container.name, pod] as const),
);

describe("of the corpus, with a reference in one container", () => {
  let compared = 0;
  test.each(cases)("%s, %s", async (_, name, pod) => {
    const before = withReferenceIn(pod, name);
    if (await compare(before)) compared += 1;
    const { pod: admitted } = await mutate(world, before);
    await compare(changed(admitted, late));
    await compare(changed(admitted, stale));
  });

  test("most can be compared", () => {
    expect(compared).toBeGreaterThan(cases.length * 0.75);
  });
});

describe("of the hostile", () => {
  test.each(hostilePods.filter(({ expected }) => expected.wrapped !== undefined))(
    "$name",
    async ({ pod }) => {
      await compare(pod);
    },
  );
});

describe("a Pod into which more would be written than could be stored", () => {
  const containers = (count: number, fields: object) =>
    podWith(
      {},
      {
        spec: {
          containers: Array.from({ length: count }, (_, at) => containerWith({ ...fields, name: `c${at}` })),
        },
      },
    );
  const mentioning = {
    env: [
      { name: "LONG", value: `\${piggy:${"k".repeat(8_000)}}` },
      ...Array.from({ length: 20 }, (_, at) => ({ name: `V${at}`, value: "x$(LONG)" })),
    ],
  };

  test.each([
    ["by what the injector is told in each of many containers", containers(8_000, {}), "more than 2 MiB"],
    ["by references in the places of mentions", containers(15, mentioning), "more than 2 MiB"],
    ["by more of those than can be tried", containers(100, mentioning), "is too long"],
  ])("%s: is denied in words", async (_, pod, words) => {
    const answer = await post(world, JSON.stringify(reviewOf(pod)));
    const body = await answer.text();
    expect(body.length).toBeLessThan(4_000);
    expect(JSON.parse(body).response).toMatchObject({
      allowed: false,
      status: { code: 403, message: expect.stringContaining(words) },
    });
  });

  test("is admitted as long as it could be", async () => {
    const { allowed } = await mutate(world, containers(9, mentioning));
    expect(allowed).toBe(true);
  });
});
