/** A Pod whose containers use exactly what they ask for is Guaranteed, and stays it with the install container. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { edited } from "./edited.ts";
import { containerOf, containerWith, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const amounts = (cpu: unknown, memory: unknown) => ({ cpu, memory });
const fixed = (cpu: unknown, memory: unknown) => ({
  resources: { requests: amounts(cpu, memory), limits: amounts(cpu, memory) },
});
const one = fixed("1", "1Gi");

const podOf = (containers: readonly object[], spec: object = {}) =>
  podWith({}, { spec: { containers: containers.map(containerWith), ...spec } });
const installedIn = async (manifest: object) =>
  containerOf((await mutate(world, manifest)).pod, "install-piggy-env").resources;
const both = (cpu: string, memory: string) => ({
  requests: amounts(cpu, memory),
  limits: amounts(cpu, memory),
});
const USUAL = { requests: amounts("50m", "64Mi"), limits: amounts("200m", "64Mi") };

describe("in a Guaranteed Pod the install container asks for and may use", () => {
  test.each<[string, object, object]>([
    ["its limit, where the Pod has more", podOf([one]), both("200m", "64Mi")],
    ["what the Pod has, between request and limit", podOf([fixed("0.1", "1Gi")]), both("100m", "64Mi")],
    ["its request, where the Pod has less", podOf([fixed("10m", "16Mi")]), both("50m", "64Mi")],
    [
      "what containers and sidecars have together",
      podOf([fixed("60m", "32Mi"), { name: "b", ...fixed("40m", "32Mi") }], {
        initContainers: [containerWith({ name: "s", restartPolicy: "Always", ...fixed("20m", "1Mi") })],
      }),
      both("120m", "64Mi"),
    ],
    [
      "what limits alone come to",
      podOf([{ resources: { limits: amounts(0.15, "1Gi") } }]),
      both("150m", "64Mi"),
    ],
    [
      "the settings' limit",
      edited(podWith(one), ({ metadata }) => {
        metadata.annotations["piggysec.com/piggy-env-resource-cpu-limit"] = "500m";
        metadata.annotations["piggysec.com/piggy-env-resource-memory-limit"] = "2Gi";
      }),
      both("500m", "1Gi"),
    ],
  ])("%s", async (_, manifest, resources) => {
    expect(await installedIn(manifest)).toEqual(resources);
  });

  test("the same when it comes again, in the API server's spelling too", async () => {
    const manifest = edited(podWith(fixed("1500m", "1Gi")), ({ metadata }) => {
      metadata.annotations["piggysec.com/piggy-env-resource-cpu-limit"] = "1000m";
    });
    const { pod } = await mutate(world, manifest);
    const stored = edited(pod, ({ spec }) => {
      spec.initContainers = spec.initContainers.map((each) => ({ ...each, resources: both("1", "64Mi") }));
    });
    expect((await mutate(world, stored)).patch).toEqual([]);
  });
});

describe("in a Pod that is not, it asks for what the settings say:", () => {
  test.each<[string, object]>([
    ["with nothing named", podOf([{}])],
    ["with one container that names nothing", podOf([one, { name: "b" }])],
    [
      "with an init container that names nothing",
      podOf([one], { initContainers: [containerWith({ name: "i" })] }),
    ],
    ["with memory alone", podOf([{ resources: { limits: { memory: "1Gi" } } }])],
    [
      "with a request below the limit",
      podOf([{ resources: { requests: { cpu: "1" }, limits: amounts("2", "1Gi") } }]),
    ],
    ["with a limit of none", podOf([fixed("0", "1Gi")])],
    ["with what is no quantity", podOf([fixed("few", "1Gi")])],
    [
      "with amounts of the Pod's own, which alone decide",
      podOf([one], { resources: { limits: { cpu: "4" } } }),
    ],
  ])("%s", async (_, manifest) => {
    expect(await installedIn(manifest)).toEqual(USUAL);
  });
});
