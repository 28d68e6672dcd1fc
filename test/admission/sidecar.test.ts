/** Native sidecars: init containers that stay, restartPolicy Always. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, containerWith, isWrapped, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const initContainers = [
  containerWith({ name: "proxy", restartPolicy: "Always", env: [] }),
  containerWith({ name: "agent", restartPolicy: "Always", startupProbe: { tcpSocket: { port: 1 } } }),
  containerWith({ name: "setup" }),
];

test("a native sidecar is wrapped like any container, in its place behind the install container", async () => {
  const { pod, json } = await mutate(world, podWith({}, { spec: { ...podWith().spec, initContainers } }));
  const names = ["install-piggy-env", "proxy", "agent", "setup"];
  expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(names);
  expect(names.map((name) => isWrapped(pod, name))).toEqual([false, false, true, true]);
  expect(containerOf(pod, "install-piggy-env")).not.toHaveProperty("restartPolicy");
  expect(json).toHaveProperty("spec.initContainers", [
    expect.anything(),
    initContainers[0],
    expect.objectContaining({ restartPolicy: "Always", startupProbe: { tcpSocket: { port: 1 } } }),
    expect.anything(),
  ]);
  expect((await mutate(world, pod)).patch).toEqual([]);
});
