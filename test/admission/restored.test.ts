/** Pods as they are in the world that come again changed: each is brought to what a first admission would give. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { containersOf, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { type Container, type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World } from "../support/world.ts";
import { type Mutation, mutate } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const object of corpusObjects) world.kubernetes.add(object);
});
afterAll(() => world.stop());

const cases = corpusPods.flatMap(({ name, pod }) =>
  containersOf(pod).map((container) => [name, container.name, pod] as const),
);

async function admitted(pod: object): Promise<Mutation> {
  const mutation = await mutate(world, pod);
  expect(mutation.allowed).toBe(true);
  expect(mutation.patch).not.toBeEmpty();
  return mutation;
}

/** The Pod with a change to each container of the name. */
function changed(pod: Pod, name: string, change: (container: Container) => Container): Pod {
  const one = (container: Container) => (container.name === name ? change(container) : container);
  const { initContainers, containers } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      ...(initContainers && { initContainers: initContainers.map(one) }),
      containers: containers.map(one),
    },
  };
}

/** Every admission makes new ids. */
const withoutUids = (json: unknown): unknown =>
  JSON.parse(JSON.stringify(json).replaceAll(/(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/g, "0".repeat(32)));

async function expectStable({ pod }: Mutation): Promise<void> {
  expect(await mutate(world, pod)).toMatchObject({ allowed: true, patch: [] });
}

const late = (container: Container) => ({
  ...container,
  args: [...(container.args ?? []), "--late=$(PASSWORD)"],
});

describe("an argument that a later webhook added is in the signature as if it had always been there", () => {
  test.each(cases)("%s, %s", async (_, name, pod) => {
    const before = withReferenceIn(pod, name);
    const again = await admitted(changed((await admitted(before)).pod, name, late));
    const first = await admitted(changed(before, name, late));
    expect(withoutUids(again.json)).toEqual(withoutUids(first.json));
    await expectStable(again);
  });
});

const STALE: Readonly<Record<string, string>> = {
  PIGGY_UID: "f".repeat(32),
  PIGGY_ADDRESS: "https://piggy.old.example.com",
  PIGGY_CA: "the CA of last year",
  PIGGY_SERVICE: "10.9.8.7:443",
  PIGGY_AWS_SECRET_NAME: "another/secret",
};

function stale(pod: Pod, name: string): Pod {
  const { metadata, ...rest } = changed(pod, name, (container) => ({
    ...container,
    env: (container.env ?? []).map((variable) => {
      const value = STALE[variable.name];
      return value === undefined ? variable : { name: variable.name, value };
    }),
  }));
  const signatures = JSON.stringify({ ["e".repeat(32)]: "0".repeat(64) });
  return {
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, "piggysec.com/piggy-uid": signatures } },
  };
}

describe("a Pod of an old backup is as if it were admitted today", () => {
  test.each(cases)("%s, %s", async (_, name, pod) => {
    const first = await admitted(withReferenceIn(pod, name));
    const again = await admitted(stale(first.pod, name));
    expect(withoutUids(again.json)).toEqual(withoutUids(first.json));
    await expectStable(again);
  });
});

const wrapper = (container: Container) => ({
  ...container,
  command: ["/tools/trace", "--", ...(container.command ?? [])],
});

describe("another wrapper in front of the injector stays there, and the injector is found behind it", () => {
  test.each(cases)("%s, %s", async (_, name, pod) => {
    const first = await admitted(withReferenceIn(pod, name));
    const wrapped = changed(first.pod, name, wrapper);
    await expectStable({ ...first, pod: wrapped });
    const again = await admitted(stale(wrapped, name));
    expect(withoutUids(again.json)).toEqual(withoutUids(parsePod(structuredClone(wrapped), "Pod")));
    await expectStable(again);
  });
});
