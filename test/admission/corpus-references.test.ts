/** Pods as they are in the world, with the references that somebody gave them: each says what is to become of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { applyPatch } from "rfc6902";
import { containersOf, withoutAdditions } from "../corpus/additions.ts";
import { corpusObjects, expectedPods, pushCorpusImages, withImagesAt } from "../corpus/corpus.ts";
import { type Expectation, withInlined } from "../corpus/expectation.ts";
import { expand } from "../fakes/kubelet/expansion.ts";
import { type Container, type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World, type WorldOptions } from "../support/world.ts";
import { containerOf, environmentOf, mutate } from "./mutation.ts";

/** A cluster whose every node mounts images, which the webhook may see. */
const MOUNTS_IMAGES: WorldOptions = {
  environment: { PIGGY_DELIVERY_SETTLE: "0s" },
  grants: [
    { resource: "configmaps", verb: "get" },
    { resource: "secrets", verb: "get" },
    { resource: "nodes", verb: "list" },
  ],
  prepare(kubernetes) {
    kubernetes.version = { major: "1", minor: "36" };
    const nodeInfo = { kubeletVersion: "v1.36.3", containerRuntimeVersion: "containerd://2.3.7" };
    kubernetes.add({ kind: "Node", metadata: { name: "able" }, status: { nodeInfo } });
  },
};

const cases = (isMeant: (expectation: Expectation) => boolean) =>
  expectedPods
    .filter(({ expectation }) => isMeant(expectation))
    .map(({ name, pod, expectation }) => [name, pod, expectation] as const);

const isAdmitted = ({ denied }: Expectation) => denied === undefined;
const isChanged = ({ wrapped }: Expectation) => Object.keys(wrapped).length > 0;

/** What the volume of the injector is. */
function deliveryOf({ spec: { volumes = [], initContainers = [] } }: Pod): string {
  const [volume] = volumes.filter(({ name }) => name === "piggy-env");
  const isInstalled = initContainers.some(({ name }) => name === "install-piggy-env");
  expect(isInstalled).toBe(volume?.emptyDir !== undefined);
  return Object.keys(volume ?? {})
    .filter((key) => key !== "name")
    .join();
}

const namesOfInjected = (pod: Pod) =>
  containersOf(pod)
    .filter(({ command }) => command?.[0] === "/piggy/piggy-env")
    .map(({ name }) => name);

function argvOf({ name, command = [], args = [] }: Container): readonly string[] {
  if (command.length === 0) throw new Error(`container ${name} has no command: its file has to say its argv`);
  return [...command, ...args];
}

describe.each<[string, "emptyDir" | "image", WorldOptions]>([
  ["by the init container", "emptyDir", {}],
  ["by an image volume", "image", MOUNTS_IMAGES],
])("%s:", (_, delivery, options) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(options);
    for (const object of corpusObjects) world.kubernetes.add(object);
    pushCorpusImages(world.registry);
  });
  afterAll(() => world.stop());

  const admit = async (pod: Pod) => {
    const before = withImagesAt(world.registry, pod);
    return { before, ...(await mutate(world, before)) };
  };

  describe("as its file says,", () => {
    test.each(cases(isAdmitted))(
      "%s is admitted, and nobody else's containers are touched",
      async (_, pod, expectation) => {
        const { before, allowed, status, warnings, json, audit } = await admit(pod);
        expect({ allowed, status }).toEqual({ allowed: true, status: {} });
        expect(warnings).toEqual(expectation.warnings.map((part) => expect.stringContaining(part)));
        const names = Object.keys(expectation.wrapped);
        expect(namesOfInjected(parsePod(structuredClone(json), "Pod")).sort()).toEqual([...names].sort());
        expect((audit["injected"] ?? "").split(",").sort()).toEqual(
          isChanged(expectation) ? [...names].sort() : [""],
        );
        expect(withoutAdditions(json, before, ...names)).toEqual(withInlined(before, expectation));
        if (isChanged(expectation)) expect(deliveryOf(parsePod(structuredClone(json), "Pod"))).toBe(delivery);
      },
    );

    test.each(cases((expectation) => !isChanged(expectation)))("%s is not changed", async (_, pod) => {
      expect((await admit(pod)).patch).toEqual([]);
    });

    test.each(cases((expectation) => !isAdmitted(expectation)))(
      "%s is denied",
      async (_, pod, { denied }) => {
        expect(await admit(pod)).toMatchObject({ allowed: false, patch: [], audit: { denied } });
      },
    );
  });

  describe("the containers that are wrapped", () => {
    test.each(cases(isChanged))(
      "of %s are given their own argv by the kubelet",
      async (_, pod, { wrapped }) => {
        const { before, pod: after } = await admit(pod);
        for (const [name, { argv }] of Object.entries(wrapped)) {
          const { command, args = [] } = containerOf(after, name);
          expect([...(command ?? []), args[0]]).toEqual(["/piggy/piggy-env", "--"]);
          // Whatever the variables hold, none may find its way into the argv before the references are resolved.
          expect(args.slice(1).map((element) => expand(element, () => "expanded"))).toEqual([
            ...(argv ?? argvOf(containerOf(before, name))),
          ]);
        }
      },
    );

    test.each(cases(isChanged))(
      "of %s know what the kubelet would have expanded",
      async (_, pod, { wrapped }) => {
        const { pod: after } = await admit(pod);
        for (const [name, { expand: expected }] of Object.entries(wrapped)) {
          const said = environmentOf(after, name)["PIGGY_EXPAND"];
          expect(said === undefined ? undefined : JSON.parse(said)).toEqual(expected);
        }
      },
    );
  });

  describe("the patch", () => {
    test.each(cases(isChanged))("of %s, sent again, is none", async (_, pod) => {
      const first = await admit(pod);
      expect(first.patch).not.toBeEmpty();
      expect(await mutate(world, parsePod(first.json, "Pod"))).toMatchObject({ allowed: true, patch: [] });
    });

    test.each(cases(isChanged))("of %s has no operation too many", async (_, pod) => {
      const { before, patch, json } = await admit(pod);
      for (const index of patch.keys()) {
        const without = structuredClone(before);
        const faults = applyPatch(without, structuredClone(patch.filter((__, other) => other !== index)));
        expect(faults.every((fault) => fault === null) && Bun.deepEquals(without, json)).toBe(false);
      }
    });
  });
});
