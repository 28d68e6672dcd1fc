/** With `auto` the install container has as much of a processor as one of its Pod's own, which costs the Pod nothing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { edited } from "./edited.ts";
import { containerOf, containerWith, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const limited = (cpu: unknown, request: unknown = "10m") => ({
  resources: { requests: { cpu: request }, limits: { cpu } },
});
const guaranteed = (cpu: string) => ({
  resources: { requests: { cpu, memory: "1Gi" }, limits: { cpu, memory: "1Gi" } },
});
const podOf = (annotations: object, containers: readonly object[], spec: object = {}) =>
  edited(podWith({}, { spec: { containers: containers.map(containerWith), ...spec } }), ({ metadata }) => {
    Object.assign(metadata.annotations, {
      "piggysec.com/piggy-env-resource-cpu-limit": "auto",
      ...annotations,
    });
  });
const installedIn = async (manifest: object) =>
  containerOf((await mutate(world, manifest)).pod, "install-piggy-env").resources;
const processor = (request: string, limit: string) => ({
  requests: { cpu: request },
  limits: { cpu: limit },
});

describe("its limit is", () => {
  test.each<[string, readonly object[], string]>([
    ["a processor where no container has one", [{}, { name: "b" }], "1"],
    ["that of the one that has one", [limited("300m"), { name: "b" }], "300m"],
    ["that of its one container", [limited("500m")], "500m"],
    ["the highest of several, and not their sum", [limited("300m"), { name: "b", ...limited(0.4) }], "0.4"],
    ["a processor where it is more", [limited("8")], "1"],
    ["200m where it is less", [limited("50m")], "200m"],
  ])("%s", async (_, containers, limit) => {
    expect(await installedIn(podOf({}, containers))).toMatchObject(processor("50m", limit));
  });

  test("that of an init container, where it is the highest", async () => {
    const initContainers = [containerWith({ name: "i", ...limited("700m") })];
    const manifest = podOf({}, [limited("300m")], { initContainers });
    expect(await installedIn(manifest)).toMatchObject(processor("50m", "700m"));
  });

  test.each<[string, object, string, string]>([
    ["what that container asks for", limited("500m", "250m"), "250m", "500m"],
    [
      "its limit, where that container has no request",
      { resources: { limits: { cpu: "500m" } } },
      "500m",
      "500m",
    ],
    ["no more than its own limit", limited("8", "4"), "1", "1"],
  ])("and it asks for %s", async (_, container, request, limit) => {
    expect(await installedIn(podOf({}, [container]))).toMatchObject(processor(request, limit));
  });

  test("no less than what it asks for", async () => {
    const manifest = podOf({ "piggysec.com/piggy-env-resource-cpu-request": "600m" }, [limited("300m")]);
    expect(await installedIn(manifest)).toMatchObject(processor("600m", "600m"));
  });

  test("its request too in a Guaranteed Pod, which stays that", async () => {
    expect(await installedIn(podOf({}, [guaranteed("600m")]))).toMatchObject(processor("600m", "600m"));
  });

  test.each(["1", "2", "1500m"])("never whole in a Guaranteed Pod, whose %s may be its own", async (cpu) => {
    expect(await installedIn(podOf({}, [guaranteed(cpu)]))).toMatchObject(processor("999m", "999m"));
  });
});

test("it is the same when the Pod comes again", async () => {
  const { pod } = await mutate(world, podOf({}, [limited("500m")]));
  expect((await mutate(world, pod)).patch).toEqual([]);
});
