/** What a wrapped container runs: its command and args, and what its image adds to them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, containerWith, mutate, podWith, sha256, signaturesOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const { registry } = world;
  registry.pushImage("shop/both", "1", { Entrypoint: ["/entry", "-e"], Cmd: ["cmd", "-c"] });
  registry.pushImage("shop/entrypoint", "1", { Entrypoint: ["/entry"], Cmd: null });
  registry.pushImage("shop/cmd", "1", { Cmd: ["sh", "-c", "run"] });
  registry.pushImage("shop/taken-back", "1", { Entrypoint: [""], Cmd: ["/app", "serve"] });
  registry.pushImage("shop/neither", "1", {});
  registry.pushImage("shop/dollars", "1", { Entrypoint: ["sh", "-c", "echo $(A) $$"] });
  registry.pushImage("shop/docker", "1", { Entrypoint: ["/docker"] }, { format: "docker" });
  registry.pushImage(
    "shop/platforms",
    "1",
    {},
    {
      platforms: [
        { os: "linux", architecture: "amd64", config: { Entrypoint: ["/amd64"] } },
        { os: "linux", architecture: "arm64", config: { Entrypoint: ["/arm64"] } },
      ],
    },
  );
});
afterAll(() => world.stop());

const inject = (repository: string, container: object, spec: object = {}) =>
  mutate(
    world,
    podWith({ image: `${world.registry.host}/${repository}:1`, command: undefined, ...container }, { spec }),
  );

describe("the original argv, behind the injector", () => {
  test.each<[string, string, object, readonly string[]]>([
    ["command and args", "shop/both", { command: ["/own"], args: ["a", "b"] }, ["/own", "a", "b"]],
    ["command without args: the image's CMD does not count", "shop/both", { command: ["/own"] }, ["/own"]],
    ["ENTRYPOINT and args", "shop/both", { args: ["a"] }, ["/entry", "-e", "a"]],
    ["ENTRYPOINT and CMD", "shop/both", {}, ["/entry", "-e", "cmd", "-c"]],
    ["empty lists, which are none", "shop/both", { command: [], args: [] }, ["/entry", "-e", "cmd", "-c"]],
    ["ENTRYPOINT alone", "shop/entrypoint", {}, ["/entry"]],
    ["CMD alone", "shop/cmd", {}, ["sh", "-c", "run"]],
    ["args in place of CMD where there is no ENTRYPOINT", "shop/cmd", { args: ["ls", "-l"] }, ["ls", "-l"]],
    ["CMD alone where the image took its ENTRYPOINT back", "shop/taken-back", {}, ["/app", "serve"]],
    ["args alone where the image took its ENTRYPOINT back", "shop/taken-back", { args: ["a"] }, ["a"]],
    ["an image of Docker's media types", "shop/docker", { args: ["a"] }, ["/docker", "a"]],
  ])("is %s", async (_, repository, container, argv) => {
    const { allowed, pod } = await inject(repository, container);
    expect(allowed).toBe(true);
    expect(containerOf(pod)).toMatchObject({ command: ["/piggy/piggy-env"], args: ["--", ...argv] });
    expect(signaturesOf(pod)).toEqual({ main: sha256(argv.join(" ")) });
  });

  test.each([
    [{ "kubernetes.io/arch": "arm64" }, "/arm64"],
    [{ "kubernetes.io/arch": "amd64" }, "/amd64"],
  ])("is that of the platform which the Pod selects: %j", async (nodeSelector, entrypoint) => {
    const { pod } = await inject("shop/platforms", {}, { nodeSelector });
    expect(containerOf(pod).args).toEqual(["--", entrypoint]);
  });

  test("from the image is not the kubelet's to expand", async () => {
    const { pod } = await inject("shop/dollars", { env: [{ name: "A", value: "piggy:A" }] });
    expect(containerOf(pod).args).toEqual(["--", "sh", "-c", "echo $$(A) $$$$"]);
    expect(containerOf(pod).env?.map(({ name }) => name)).not.toContain("PIGGY_EXPAND");
    expect(signaturesOf(pod)).toEqual({ main: sha256("sh -c echo $(A) $$") });
  });

  test("is found for each container, init containers too", async () => {
    const initContainers = [
      containerWith({ name: "setup", image: `${world.registry.host}/shop/cmd:1`, command: [] }),
    ];
    const { pod } = await inject("shop/both", {}, { initContainers });
    expect(containerOf(pod, "setup").args).toEqual(["--", "sh", "-c", "run"]);
    expect(containerOf(pod, "main").args).toEqual(["--", "/entry", "-e", "cmd", "-c"]);
  });
});

test("a registry is asked for a container without a command, and for no other", async () => {
  const asked = () => world.registry.requests.length;
  const before = asked();
  await inject("shop/both", { command: ["/own"] });
  await inject("shop/both", { env: [{ name: "A", value: "no reference" }] });
  expect(asked()).toBe(before);
  await inject("shop/both", { imagePullPolicy: "Always" });
  expect(asked()).toBeGreaterThan(before);
});

describe("a Pod is denied, and told to set command,", () => {
  test.each([
    ["when its image is not there", "shop/none", "does not have it"],
    ["when its image has neither ENTRYPOINT nor CMD", "shop/neither", "neither ENTRYPOINT nor CMD"],
  ])("%s", async (_, repository, reason) => {
    const { allowed, status, patch } = await inject(repository, {});
    expect(allowed).toBe(false);
    expect(patch).toEqual([]);
    expect(status.code).toBe(403);
    for (const part of [
      reason,
      `${world.registry.host}/${repository}:1`,
      'container "main"',
      "Set command",
    ]) {
      expect(status.message).toContain(part);
    }
  });

  test("when its image's name is none", async () => {
    const { allowed, status } = await mutate(world, podWith({ image: "UPPER CASE", command: [] }));
    expect(allowed).toBe(false);
    expect(status.message).toContain('"UPPER CASE"');
  });

  test("when its registry is on the webhook's own machine, and was not configured", async () => {
    const before = world.registry.requests.length;
    const image = `${world.registry.host.replace("localhost", "127.0.0.1")}/shop/both:1`;
    const { allowed, status } = await mutate(world, podWith({ image, command: [] }));
    expect(allowed).toBe(false);
    expect(status.message).toContain("PIGGY_REGISTRY_ORIGINS");
    expect(world.registry.requests.length).toBe(before);
  });

  test("when its registry fails, as something that may pass", async () => {
    world.registry.failNext({ status: 500, times: 1 });
    const { allowed, status } = await inject("shop/both", { imagePullPolicy: "Always" });
    expect(allowed).toBe(false);
    expect(status).toMatchObject({ code: 503, message: expect.stringContaining("500") });
  });
});
