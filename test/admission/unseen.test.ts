/** ConfigMaps and Secrets that are not there yet, or that the webhook may not read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, isWrapped, mutate, NAMESPACE, podWith } from "./mutation.ts";

const missing = (optional?: boolean) => ({
  env: [],
  envFrom: [{ configMapRef: { name: "later", ...(optional !== undefined && { optional }) } }],
});
const missingKey = {
  env: [{ name: "A", valueFrom: { secretKeyRef: { name: "later", key: "A", optional: true } } }],
};

describe("an object that is not there yet", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    world.registry.pushImage("shop/app", "1", { Entrypoint: ["/entry"] });
  });
  afterAll(() => world.stop());

  const known = () => ({ image: `${world.registry.host}/shop/app:1`, command: [] });
  const unknown = () => ({ image: `${world.registry.host}/shop/none:1`, command: [] });
  const ignore = { annotations: { "piggysec.com/piggy-unseen": "ignore" } };

  test.each([
    ["a ConfigMap", missing()],
    ["an optional ConfigMap", missing(true)],
    ["an optional key of a Secret", missingKey],
  ])("%s: the container is wrapped, in case it will hold references", async (_, sources) => {
    const { allowed, pod, warnings } = await mutate(world, podWith(sources));
    expect({ allowed, warnings }).toEqual({ allowed: true, warnings: [] });
    expect(isWrapped(pod)).toBe(true);
  });

  test("and an image whose entrypoint is found: wrapped", async () => {
    const { pod } = await mutate(world, podWith({ ...missing(true), ...known() }));
    expect(containerOf(pod).args).toEqual(["--", "/entry"]);
  });

  test("optional, and an entrypoint that cannot be found: started as it is, with a warning", async () => {
    const { allowed, patch, warnings } = await mutate(world, podWith({ ...missing(true), ...unknown() }));
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
    expect(warnings).toEqual([
      expect.stringMatching(/container main starts without piggy-env.*shop\/none:1/),
    ]);
  });

  test("not optional, and an entrypoint that cannot be found: denied, with the way out", async () => {
    const { allowed, status } = await mutate(world, podWith({ ...missing(), ...unknown() }));
    expect(allowed).toBe(false);
    for (const part of ["shop/none:1", "ConfigMap later is absent", "piggysec.com/piggy-unseen: ignore"]) {
      expect(status.message).toContain(part);
    }
  });

  test("optional, beside a reference, and an entrypoint that cannot be found: denied", async () => {
    const env = [{ name: "A", value: "piggy:A" }];
    const { allowed } = await mutate(world, podWith({ ...missing(true), ...unknown(), env }));
    expect(allowed).toBe(false);
  });

  test("piggy-unseen: ignore takes it as holding none", async () => {
    const { allowed, patch, warnings } = await mutate(world, podWith({ ...missing(), ...unknown() }, ignore));
    expect({ allowed, patch, warnings }).toEqual({ allowed: true, patch: [], warnings: [] });
  });

  test("piggy-unseen: ignore still sees the references that are there", async () => {
    const env = [{ name: "A", value: "piggy:A" }];
    const { pod } = await mutate(world, podWith({ ...missing(), env }, ignore));
    expect(isWrapped(pod)).toBe(true);
  });

  test("piggy-unseen: ignore does not take a reference for replaced by a key that may never come", async () => {
    const env = [{ name: "A", value: "piggy:A" }, ...missingKey.env];
    const { pod } = await mutate(world, podWith({ env }, ignore));
    expect(isWrapped(pod)).toBe(true);
  });

  test("is looked for in the namespace of the request", async () => {
    const before = world.kubernetes.requests.length;
    await mutate(world, podWith(missing(), { metadata: { namespace: undefined } }));
    expect(world.kubernetes.requests.slice(before).map(({ path }) => path)).toEqual([
      `/api/v1/namespaces/${NAMESPACE}/configmaps/later`,
    ]);
  });
});

describe("a webhook without the right to read Secrets and ConfigMaps", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ grants: [] });
    const metadata = { name: "plain", namespace: NAMESPACE };
    world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata, stringData: { A: "text" } });
    world.kubernetes.add({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { A: "text" } });
  });
  afterAll(() => world.stop());

  test.each([
    ["a Secret", { env: [], envFrom: [{ secretRef: { name: "plain" } }] }],
    ["a ConfigMap", { env: [], envFrom: [{ configMapRef: { name: "plain" } }] }],
    ["a key", { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "plain", key: "A" } } }] }],
  ])("wraps what takes variables from %s", async (_, sources) => {
    const { pod } = await mutate(world, podWith(sources));
    expect(isWrapped(pod)).toBe(true);
  });

  test("says so where an entrypoint cannot be found", async () => {
    const envFrom = [{ secretRef: { name: "plain" } }];
    const image = `${world.registry.host}/shop/none:1`;
    const { allowed, status } = await mutate(world, podWith({ image, command: [], env: [], envFrom }));
    expect(allowed).toBe(false);
    expect(status.message).toContain("Secret plain is forbidden");
  });
});

describe("an API server that cannot say", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  test.each([500, 503, 429])("answers %i: denied, as something that may pass", async (status) => {
    world.kubernetes.failNext({ path: /configmaps/, status, times: 1 });
    const mutation = await mutate(world, podWith(missing(true)));
    expect(mutation.allowed).toBe(false);
    expect(mutation.status).toMatchObject({
      code: 503,
      message: expect.stringContaining("configmaps/later"),
    });
  });

  test("answers late: denied before its own time is up", async () => {
    world.kubernetes.failNext({ path: /configmaps/, status: 500, times: 1, delayMs: 3_000 });
    const started = performance.now();
    const { allowed, status } = await mutate(world, podWith(missing()), "/mutate?timeout=1s");
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(allowed).toBe(false);
    expect(status).toMatchObject({ code: 503, message: expect.stringContaining("no answer in time") });
  });
});
