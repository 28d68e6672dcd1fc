/** A Pod that says what all its containers together may ask for: an API server refuses one that asks for more. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const withRequests = (requests: unknown, resources: object = {}) =>
  podWith({}, { spec: { ...podWith().spec, resources: { requests, ...resources } } });
const askedFor = async (manifest: object) =>
  containerOf((await mutate(world, manifest)).pod, "install-piggy-env").resources?.requests;

describe("the install container asks for", () => {
  test.each<[string, unknown, object]>([
    ["no more CPU than the Pod", { cpu: "20m" }, { cpu: "20m", memory: "64Mi" }],
    ["no more memory than the Pod", { memory: "33554432" }, { cpu: "50m", memory: "33554432" }],
    ["no more than a number", { cpu: 0.02, memory: 1 }, { cpu: 0.02, memory: 1 }],
    ["what it needs of a Pod that has more", { cpu: "1", memory: "1Gi" }, { cpu: "50m", memory: "64Mi" }],
    ["as much as the Pod, in its own words", { cpu: "0.05" }, { cpu: "50m", memory: "64Mi" }],
    [
      "what it needs of a Pod that names other things",
      { "hugepages-2Mi": "2Mi" },
      { cpu: "50m", memory: "64Mi" },
    ],
    [
      "what it needs of a Pod whose words are none",
      { cpu: "few", memory: null },
      { cpu: "50m", memory: "64Mi" },
    ],
    ["what it needs of a Pod with no requests", null, { cpu: "50m", memory: "64Mi" }],
  ])("%s", async (_, requests, expected) => {
    expect(await askedFor(withRequests(requests))).toEqual({ ...expected });
  });

  test("no more than the Pod when it comes again, nor when its own was more before", async () => {
    const { pod } = await mutate(world, withRequests({ cpu: "20m", memory: "16Mi" }));
    expect((await mutate(world, pod)).patch).toEqual([]);
    const shrunk = { ...pod, spec: { ...pod.spec, resources: { requests: { cpu: "10m", memory: "16Mi" } } } };
    expect(await askedFor(shrunk)).toEqual({ cpu: "10m", memory: "16Mi" });
  });
});
