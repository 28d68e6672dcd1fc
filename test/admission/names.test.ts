/** Names and paths that the Pod has taken and the webhook needs: no Pod starts with literal references because of one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, containerWith, mutate, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const plain = (name: string) => containerWith({ name, env: [] });

describe("denied, and told to rename it:", () => {
  test.each<[string, string, object]>([
    ["volume", "piggy-env", { volumes: [{ name: "piggy-env", configMap: { name: "mine" } }] }],
    ["volume", "piggy-token", { volumes: [{ name: "piggy-token", emptyDir: {} }] }],
    ["container", "install-piggy-env", { initContainers: [plain("install-piggy-env")] }],
    ["container", "install-piggy-env", { containers: [containerWith(), plain("install-piggy-env")] }],
    [
      "container",
      "install-piggy-env",
      { initContainers: [containerWith({ name: "install-piggy-env" })], containers: [plain("main")] },
    ],
    ["container", "install-piggy-env", { containers: [containerWith({ name: "install-piggy-env" })] }],
  ])("%s %s in %j", async (what, name, spec) => {
    const { allowed, status } = await mutate(world, podWith({}, { spec }));
    expect(allowed).toBe(false);
    expect(status).toMatchObject({
      code: 403,
      message: expect.stringContaining(`${what} of its own called ${name}`),
    });
  });
});

describe("a volume that has a name and a shape of ours and is mounted elsewhere is not ours:", () => {
  test.each([
    ["piggy-env", { emptyDir: { medium: "Memory" } }],
    ["piggy-env", { image: { reference: "tools:1" } }],
    ["piggy-token", { projected: { sources: [] } }],
  ])("%s, %j", async (name, source) => {
    const volumeMounts = [{ name, mountPath: "/mine" }];
    const volumes = [{ name, ...source }];
    const other = containerWith({ name: "other", env: [], volumeMounts });
    for (const containers of [[containerWith({ volumeMounts })], [containerWith(), other]]) {
      const { allowed, status } = await mutate(world, podWith({}, { spec: { volumes, containers } }));
      expect(allowed).toBe(false);
      expect(status.message).toContain(`volume of its own called ${name}`);
    }
  });
});

describe("a mount in a container that is wrapped", () => {
  const volume = { name: "mine" };
  const admitted = (mount: object, source: object = { emptyDir: {} }, annotations = {}) => {
    const volumeMounts = [{ ...volume, ...mount }];
    return mutate(
      world,
      podWith(
        { volumeMounts },
        {
          annotations,
          spec: { volumes: [{ ...volume, ...source }], containers: [containerWith({ volumeMounts })] },
        },
      ),
    );
  };
  const TOKEN = "/var/run/secrets/piggysec.com/serviceaccount";

  test.each([
    "/piggy",
    "/piggy/",
    "//piggy/.",
    "piggy",
    "/x/../piggy/",
    "/piggy/lib",
    "/piggy/mine/deep",
    TOKEN,
    `${TOKEN}/x`,
  ])("at %s is denied, with the container, the volume and what to do", async (mountPath) => {
    const { allowed, status } = await admitted({ mountPath });
    expect(allowed).toBe(false);
    for (const part of [
      '"main" mounts volume mine',
      ` at ${mountPath}, at or below /`,
      "piggy-skip-containers",
    ]) {
      expect(status.message).toContain(part);
    }
  });

  test.each<[string, object, object]>([
    ["of a Secret", {}, { secret: { secretName: "s" } }],
    ["of a ConfigMap", {}, { configMap: { name: "c" } }],
    ["for reading", { readOnly: true }, { emptyDir: {} }],
    ["of a claim for reading", {}, { persistentVolumeClaim: { claimName: "c", readOnly: true } }],
    ["of a CSI driver for reading", {}, { csi: { driver: "secrets-store.csi.k8s.io", readOnly: true } }],
    ["of an NFS server for reading", {}, { nfs: { server: "s", path: "/", readOnly: true } }],
  ])("%s above the token is denied: nothing can be mounted in it", async (_what, mount, source) => {
    const { allowed, status } = await admitted({ mountPath: "/var/run/secrets", ...mount }, source);
    expect(allowed).toBe(false);
    expect(status.message).toContain(`at /var/run/secrets, read-only above ${TOKEN}`);
    const standalone = { "piggysec.com/standalone": "true" };
    const alone = await admitted({ mountPath: "/var/run/secrets", ...mount }, source, standalone);
    expect(alone.allowed).toBe(true);
  });

  test.each([
    { persistentVolumeClaim: { claimName: "c", readOnly: false } },
    { csi: { driver: "d" } },
    { nfs: { server: "s", path: "/" } },
  ])("of %j above the token is as it was: a folder can be made in it", async (source) => {
    expect((await admitted({ mountPath: "/var/run/secrets" }, source)).allowed).toBe(true);
  });

  test.each(["/", "/piggybank", "/pig", "/var/run/secrets", "/run", "/opt/piggy", `${TOKEN}s`])(
    "at %s is as it was",
    async (mountPath) => {
      const { allowed, pod } = await admitted({ mountPath });
      expect(allowed).toBe(true);
      expect(containerOf(pod).volumeMounts?.[0]).toEqual({ ...volume, mountPath });
    },
  );
});

test("a standalone container, which has no token of ours, may mount what it likes in the token's place", async () => {
  const volumeMounts = [{ name: "mine", mountPath: "/var/run/secrets/piggysec.com/serviceaccount" }];
  const spec = { volumes: [{ name: "mine", emptyDir: {} }], containers: [containerWith({ volumeMounts })] };
  const annotations = { "piggysec.com/standalone": "true" };
  expect((await mutate(world, podWith({}, { annotations, spec }))).allowed).toBe(true);
});

test("a container that is not wrapped may mount what it likes there", async () => {
  const volumes = [{ name: "mine", emptyDir: {} }];
  const other = containerWith({
    name: "other",
    env: [],
    volumeMounts: [{ name: "mine", mountPath: "/piggy" }],
  });
  const spec = { volumes, containers: [containerWith(), other] };
  expect((await mutate(world, podWith({}, { spec }))).allowed).toBe(true);
});

test("a Pod with nothing to inject may have them all", async () => {
  const volumes = [
    { name: "piggy-env", configMap: { name: "mine" } },
    { name: "piggy-token", emptyDir: {} },
  ];
  const spec = { volumes, initContainers: [plain("install-piggy-env")] };
  const { allowed, patch } = await mutate(world, podWith({ env: [] }, { spec }));
  expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
});
