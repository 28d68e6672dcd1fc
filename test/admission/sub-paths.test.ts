/** Paths within volumes that the kubelet puts together: never touched, and a warning where one would hold a reference. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const mounted = (subPathExpr: unknown) => ({ name: "data", mountPath: "/data", subPathExpr });
const env = [
  { name: "PASSWORD", value: "piggy:PASSWORD" },
  { name: "COPY", value: "$(PASSWORD)" },
  { name: "TENANT", value: "a" },
];
const admitted = (...volumeMounts: object[]) => mutate(world, podWith({ env, volumeMounts }));

describe("a mount is told that a reference is text in", () => {
  test.each(["$(PASSWORD)", "tenants/$(TENANT)/$(PASSWORD)", "$(COPY)/x", "$$$(PASSWORD)"])(
    "%j, and stays",
    async (path) => {
      const { warnings, pod } = await admitted(mounted("$(TENANT)"), mounted(path));
      expect(warnings).toEqual([
        "piggy: container main: subPathExpr will see a reference as text, not its secret",
      ]);
      expect(containerOf(pod).volumeMounts).toContainEqual(mounted(path));
    },
  );
});

describe("nothing is said of", () => {
  test.each(["$(TENANT)", "$$(PASSWORD)", "$PASSWORD", "PASSWORD", "$(OTHER)", 1, null])(
    "%j",
    async (path) => {
      expect((await admitted(mounted(path))).warnings).toEqual([]);
    },
  );
});
