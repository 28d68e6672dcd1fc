/** References that would reach an application as text, and Pods whose settings cannot be read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { environmentOf, mutate, NAMESPACE, ownAddressOf, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const PASSWORD = { name: "PASSWORD", value: "piggy:PASSWORD" };

describe("a value that mentions a variable which holds a reference", () => {
  test.each([
    ["is all of it", [PASSWORD, { name: "COPY", value: "$(PASSWORD)" }]],
    ["is escaped", [PASSWORD, { name: "TEXT", value: "say $$(PASSWORD)" }]],
    [
      "comes later, so that the kubelet does not know it yet",
      [{ name: "URL", value: "a$(PASSWORD)" }, PASSWORD],
    ],
    ["is no reference", [{ name: "HOST", value: "db" }, { name: "URL", value: "pg://$(HOST)" }, PASSWORD]],
  ])("is admitted when the mention %s", async (_what, env) => {
    const { pod } = await mutate(world, podWith({ env }));
    expect(environmentOf(pod)["PIGGY_UID"]).toMatch(/^[0-9a-f]{32}$/);
  });
});

test("an address that is none warns, and the Pod asks the webhook's own Service", async () => {
  const { pod, warnings } = await mutate(world, {
    ...podWith(),
    metadata: {
      name: "api",
      namespace: NAMESPACE,
      annotations: { "piggysec.com/piggy-address": "piggy-webhooks.piggy.svc:8443" },
    },
  });
  expect(environmentOf(pod)["PIGGY_ADDRESS"]).toBe(ownAddressOf(world));
  expect(warnings).toEqual([expect.stringContaining("piggysec.com/piggy-address")]);
});

test("a key that has to be there and is not yet may come with a reference, so its container is wrapped", async () => {
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: NAMESPACE, name: "late" },
    data: {},
  });
  const env = (optional: boolean) => [
    { name: "LATE", valueFrom: { configMapKeyRef: { name: "late", key: "later", optional } } },
  ];
  expect(environmentOf((await mutate(world, podWith({ env: env(false) }))).pod)["PIGGY_UID"]).toBeDefined();
  expect((await mutate(world, podWith({ env: env(true) }))).patch).toEqual([]);
});

test("a standalone container that an older webhook wrapped is brought up to date, once", async () => {
  const older = podWith(
    {
      command: ["/piggy/piggy-env"],
      args: ["--", "/app"],
      env: [PASSWORD, { name: "PIGGY_STANDALONE", value: "true" }],
      volumeMounts: [{ name: "piggy-env", mountPath: "/piggy/" }],
    },
    {
      annotations: { "piggysec.com/standalone": "true" },
      spec: { volumes: [{ name: "piggy-env", emptyDir: { medium: "Memory" } }] },
    },
  );
  const { pod } = await mutate(world, older);
  expect(pod.spec?.containers?.[0]?.args).toEqual(["--", "/app"]);
  expect((await mutate(world, pod)).patch).toEqual([]);
});
