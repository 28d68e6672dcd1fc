/** What holds for every Pod, on Pods as they are in the world. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { applyPatch, type Operation } from "rfc6902";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { type Container, type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World } from "../support/world.ts";
import { mutate, SECRET } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const object of corpusObjects) world.kubernetes.add(object);
});
afterAll(() => world.stop());

const containersOf = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers];

/** The Pod with a reference in one container, which has a command so that no image is asked. */
function withReferenceIn(pod: Pod, name: string): Pod {
  const change = (container: Container): Container =>
    container.name === name
      ? {
          ...container,
          command: container.command ?? ["/app"],
          env: [...(container.env ?? []), { name: "PASSWORD", value: "piggy:PASSWORD" }],
        }
      : container;
  const { metadata, spec } = pod;
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: {
        ...metadata.annotations,
        "piggysec.com/aws-secret-name": SECRET,
        // What is not there is another test's matter.
        "piggysec.com/piggy-unseen": "ignore",
      },
    },
    spec: {
      ...spec,
      ...(spec.initContainers && { initContainers: spec.initContainers.map(change) }),
      containers: spec.containers.map(change),
    },
  };
}

const isOthers = ({ name }: { readonly name: string }) =>
  !name.startsWith("PIGGY_") && !["piggy-env", "piggy-token", "install-piggy-env"].includes(name);

/** A list without what is ours; absent where it was and nothing else is left. */
function others<T extends { readonly name: string }>(list: readonly T[] = [], before: unknown) {
  const kept = list.filter(isOthers);
  return kept.length === 0 && before === undefined ? undefined : kept;
}

/** The admitted Pod without what contract and design say is added to the one container. */
function withoutAdditions(admitted: unknown, before: Pod, wrapped: string): unknown {
  const { metadata, spec, ...rest } = parsePod(structuredClone(admitted), "Pod");
  const { "piggysec.com/piggy-uid": _, ...annotations } = metadata.annotations ?? {};
  const original = containersOf(before).find(({ name }) => name === wrapped);
  const unwrap = (container: Container) =>
    container.name !== wrapped
      ? container
      : {
          ...container,
          command: original?.command,
          args: original?.args,
          env: others(container.env, original?.env),
          volumeMounts: others(container.volumeMounts, original?.volumeMounts),
        };
  return {
    ...rest,
    metadata: { ...metadata, annotations },
    spec: {
      ...spec,
      volumes: others(spec.volumes, before.spec.volumes),
      initContainers: others(spec.initContainers, before.spec.initContainers)?.map(unwrap),
      containers: spec.containers.map(unwrap),
    },
  };
}

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
