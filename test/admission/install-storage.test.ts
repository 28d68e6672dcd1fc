/** What the installed injector is to a Pod that says how much disk it may use. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Container, Pod } from "../fakes/kubernetes/pod.ts";
import { piggyEnv } from "../support/programs.ts";
import { startWorld, type World } from "../support/world.ts";
import { edited } from "./edited.ts";
import { containerOf, containerWith, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const storage = (limit?: unknown, request?: unknown) => ({
  resources: {
    ...(limit === undefined ? {} : { limits: { "ephemeral-storage": limit } }),
    ...(request === undefined ? {} : { requests: { "ephemeral-storage": request } }),
  },
});
const named = (name: string, resources: object) => containerWith({ name, ...resources });
const sidecar = (name: string, resources: object) =>
  containerWith({ name, restartPolicy: "Always", ...resources });

const installedIn = (pod: Pod): Container => containerOf(pod, "install-piggy-env");
const storageOf = (pod: Pod) => {
  const { limits = {}, requests = {} } = installedIn(pod).resources ?? {};
  return { limit: limits["ephemeral-storage"], request: requests["ephemeral-storage"] };
};
const admitted = async (containers: readonly object[], initContainers: readonly object[] = []) =>
  (await mutate(world, podWith({}, { spec: { containers, initContainers } }))).pod;

describe("a Pod's limit of ephemeral-storage gets the injector's 112Mi on top:", () => {
  test.each([
    ["of one container", [named("a", storage("1Gi"))], [], "1136Mi"],
    ["of several, together", [named("a", storage("1Gi")), named("b", storage("512Mi"))], [], "1648Mi"],
    ["of those that name one", [named("a", storage("1Gi")), named("b", {})], [], "1136Mi"],
    ["in any spelling", [named("a", storage("0.5Gi")), named("b", storage("524288k"))], [], "1124Mi"],
    ["in bytes as a number", [named("a", storage(1_073_741_824))], [], "1136Mi"],
    ["an odd one, rounded up", [named("a", storage("1000001"))], [], "115665Ki"],
    ["with a sidecar's", [named("a", storage("1Gi"))], [sidecar("s", storage("1Gi"))], "2160Mi"],
    ["of a larger init container", [named("a", storage("1Gi"))], [named("i", storage("2Gi"))], "2160Mi"],
    ["of a smaller init container", [named("a", storage("1Gi"))], [named("i", storage("1Mi"))], "1136Mi"],
    [
      "of an init container beside the sidecars before it",
      [named("a", storage("1Gi"))],
      [sidecar("s", storage("1Gi")), named("i", storage("2Gi")), sidecar("t", storage("512Mi"))],
      "3184Mi",
    ],
  ])("%s", async (_, containers, initContainers, limit) => {
    expect(storageOf(await admitted(containers, initContainers)).limit).toBe(limit);
  });
});

describe("a request", () => {
  test("gets it too, and no limit is made up", async () => {
    expect(storageOf(await admitted([named("a", storage(undefined, "1Gi"))]))).toEqual({
      limit: undefined,
      request: "1136Mi",
    });
  });

  test("is the limit where there is none", async () => {
    const pod = await admitted([named("a", storage("2Gi", "1Gi")), named("b", storage("1Gi"))]);
    expect(storageOf(pod)).toEqual({ limit: "3184Mi", request: "2160Mi" });
  });
});

describe("a request is never above the limit:", () => {
  test.each([
    [
      "of a container that names no limit",
      [named("a", storage("1Gi")), named("b", storage(undefined, "5Gi"))],
      [],
      { limit: "1136Mi", request: "1136Mi" },
    ],
    [
      "of an init container that names no limit",
      [named("a", storage("1Gi", "512Mi"))],
      [named("i", storage(undefined, "5Gi"))],
      { limit: "1136Mi", request: "1136Mi" },
    ],
    [
      "below it stays what it is",
      [named("a", storage("2Gi", "1Gi")), named("b", storage(undefined, "512Mi"))],
      [],
      { limit: "2160Mi", request: "1648Mi" },
    ],
  ])("%s", async (_, containers, initContainers, expected) => {
    const pod = await admitted(containers, initContainers);
    expect(storageOf(pod)).toEqual(expected);
    expect((await mutate(world, pod)).patch).toEqual([]);
  });
});

describe("nothing is named", () => {
  test.each([
    ["where the Pod names nothing", containerWith()],
    ["where it names other things", containerWith({ resources: { limits: { memory: "1Gi" } } })],
    ["where it names what is no quantity", named("main", storage("lots"))],
  ])("%s", async (_, container) => {
    expect(storageOf(await admitted([container]))).toEqual({ limit: undefined, request: undefined });
  });
});

test("no container of the Pod's own is changed in it", async () => {
  const amounts = storage("1Gi", "1Gi");
  expect(containerOf(await admitted([named("a", amounts)]), "a")).toMatchObject(amounts);
});

test("coming again, the Pod's own limit counts, not what was made of it", async () => {
  const first = await admitted([named("a", storage("1Gi"))]);
  expect((await mutate(world, first)).patch).toEqual([]);
  const { pod } = await mutate(
    world,
    edited(first, ({ spec }) => {
      Object.assign(spec.containers[0], storage("2Gi"));
    }),
  );
  expect(storageOf(pod).limit).toBe("2160Mi");
});

test("coming again as the API server spells it, an amount is no other one", async () => {
  const annotations = {
    "piggysec.com/piggy-env-resource-cpu-request": "1000m",
    "piggysec.com/piggy-env-resource-memory-limit": "1024Mi",
  };
  const { pod: first } = await mutate(world, podWith({}, { annotations }));
  const respelt = edited(first, ({ spec }) => {
    const resources = { requests: { cpu: "1", memory: "64Mi" }, limits: { cpu: "200m", memory: "1Gi" } };
    spec.initContainers = spec.initContainers.map((container) => ({ ...container, resources }));
  });
  expect((await mutate(world, respelt)).patch).toEqual([]);
});

test("the bundle is as large as that, and hardly smaller", async () => {
  const directory = (await piggyEnv()).replace(/piggy-env$/, "");
  const files = [...new Bun.Glob("**").scanSync({ cwd: directory, absolute: true })];
  const blocks = await Promise.all(files.map(async (file) => (await Bun.file(file).stat()).blocks));
  const bytes = blocks.reduce((sum, count) => sum + count * 512, 0);
  expect(bytes).toBeLessThan(112 * 1024 * 1024);
  expect(bytes).toBeGreaterThan(100 * 1024 * 1024);
});
