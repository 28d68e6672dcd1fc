/** References to secrets and parameters of their own, as admission takes them. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerOf, environmentOf, mutate, NAMESPACE, podWith } from "./mutation.ts";

setDefaultTimeout(60_000);

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: NAMESPACE, name: "settings" },
    data: {
      FROM_MAP: "piggy://sm/shop/map#/a",
      COSTS: `5 $$ \${piggy://ssm/shop/$(X)}`,
      BROKEN: "piggy://sm/",
    },
  });
});
afterAll(() => world.stop());

const configMap = (key: string) => ({ configMapKeyRef: { name: "settings", key } });
const recordedIn = async (env: readonly object[], more: object = {}) => {
  const { allowed, status, pod } = await mutate(world, podWith({ env, ...more }));
  expect([allowed, status.message]).toEqual([true, undefined]);
  return environmentOf(pod)["PIGGY_REFERENCES"];
};

describe("PIGGY_REFERENCES", () => {
  test("does not repeat what stands in env", async () => {
    const env = [
      { name: "A", value: "piggy://sm/shop/db#/password" },
      { name: "B", value: `<\${piggy://ssm/shop/host:-none}>` },
      { name: "C", value: "$(A)" },
      { name: "D", value: "$(A)$(B)" },
    ];
    expect(await recordedIn(env)).toBeUndefined();
  });

  test("says what comes from a ConfigMap, once, in order, and for the kubelet to leave alone", async () => {
    const env = [
      { name: "M", valueFrom: configMap("FROM_MAP") },
      { name: "C", valueFrom: configMap("COSTS") },
      { name: "AGAIN", valueFrom: configMap("FROM_MAP") },
      { name: "A", value: "piggy://sm/shop/db#/password" },
    ];
    expect(await recordedIn(env)).toBe('["//sm/shop/map#/a","//ssm/shop/$$(X)"]');
  });

  test("says what the kubelet makes of a mention", async () => {
    const env = [
      { name: "STAGE", value: "prod" },
      { name: "A", value: "piggy://sm/$(STAGE)/db" },
    ];
    expect(await recordedIn(env)).toBe('["//sm/prod/db"]');
  });

  test("does not say what a Kubernetes Secret holds: a name with its text in it denies the Pod, untold", async () => {
    const metadata = { name: "tenant", namespace: NAMESPACE };
    world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata, stringData: { NAME: "hush-hush" } });
    const held = { name: "T", valueFrom: { secretKeyRef: { name: "tenant", key: "NAME" } } };
    for (const value of ["piggy://sm/$(T)/db", "piggy://sm/$(T)\n%", `a\${piggy://ssm/$(T)}`]) {
      const pod = podWith({ env: [held, { name: "A", value }] });
      const { allowed, status, audit } = await mutate(world, pod);
      expect({ allowed, audit }).toEqual({ allowed: false, audit: { denied: "reference_invalid" } });
      expect(status.message).toContain("the value of A names a secret or parameter by a $(VARIABLE)");
      expect(status.message).not.toContain("hush-hush");
    }
  });

  test("is what it should be, whatever the Pod came with", async () => {
    const forged = { name: "PIGGY_REFERENCES", value: '["//sm/bank/vault"]' };
    expect(await recordedIn([forged, { name: "A", value: "piggy:KEY" }])).toBeUndefined();
    expect(await recordedIn([forged, { name: "M", valueFrom: configMap("FROM_MAP") }])).toBe(
      '["//sm/shop/map#/a"]',
    );
  });

  test("has no place for more than a variable can hold, nor for what only our own variables name", async () => {
    const stage = { name: "S", value: "s".repeat(1_000) };
    const many = Array.from({ length: 140 }, (_, at) => ({ name: `V${at}`, value: `piggy://sm/$(S)/${at}` }));
    expect(await recordedIn([stage, ...many.slice(0, 120)])).toStartWith('["//sm/ss');
    const { status } = await mutate(world, podWith({ env: [stage, ...many] }));
    expect(status.message).toContain("name 140 secrets and parameters of their own");
    const own = { name: "PIGGY_POD_NAME", value: "piggy://sm/$(S)" };
    expect(await recordedIn([stage, own, { name: "A", value: "piggy:KEY" }])).toBeUndefined();
  });

  test("stays when the Pod comes again", async () => {
    const first = await mutate(world, podWith({ env: [{ name: "M", valueFrom: configMap("FROM_MAP") }] }));
    expect((await mutate(world, first.pod)).patch).toEqual([]);
  });
});

describe("a Pod is denied", () => {
  test.each([
    ["whose entry is none", { value: "piggy://sm/" }, "expected //sm/NAME or //ssm/PATH"],
    ["whose entry within a value is none", { value: `a\${piggy://ssm/a?stage=x}` }, "version=, label="],
    ["whose ConfigMap has one that is none", { valueFrom: configMap("BROKEN") }, "expected //sm/NAME"],
  ])("%s", async (_, source, words) => {
    const { allowed, status } = await mutate(world, podWith({ env: [{ name: "BAD", ...source }] }));
    expect(allowed).toBe(false);
    expect(status.message).toStartWith('piggy: container "main": BAD: "piggy://');
    expect(status.message).toContain(words);
  });

  test("whose entry is known to the kubelet alone, where the webhook gives what the Pod names", async () => {
    const env = [
      { name: "NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "A", value: "piggy://sm/$(NAMESPACE)/db" },
    ];
    const denied = await mutate(world, podWith({ env }));
    expect(denied.status.message).toContain("the value of A names a secret or parameter by a $(VARIABLE)");
    const alone = await mutate(
      world,
      podWith({ env }, { annotations: { "piggysec.com/standalone": "true" } }),
    );
    expect(alone.allowed).toBe(true);
  });

  test("whose injector may not know entries", async () => {
    const annotations = { "piggysec.com/piggy-env-image": "kongz/piggy-env:0.6" };
    const env = [{ name: "A", value: "piggy://sm/a" }];
    const { status } = await mutate(world, podWith({ env }, { annotations }));
    expect(status.message).toContain("the value of A names a secret or parameter of its own");
  });
});

describe("in standalone mode a Pod without a secret of its own", () => {
  const annotations = {
    "piggysec.com/aws-secret-name": "",
    "piggysec.com/piggy-address": "https://piggy.example.com",
    "piggysec.com/standalone": "true",
  };
  const admit = (value: string) => mutate(world, podWith({ env: [{ name: "A", value }] }, { annotations }));

  test("is admitted with entries alone", async () => {
    const { allowed, pod } = await admit("piggy://sm/a");
    expect(allowed).toBe(true);
    expect(containerOf(pod).command).toEqual(["/piggy/piggy-env"]);
    expect(environmentOf(pod)["PIGGY_AWS_SECRET_NAME"]).toBeUndefined();
  });

  test("is denied with a key beside them", async () => {
    const { allowed, status } = await admit(`\${piggy://sm/a}\${piggy:KEY}`);
    expect(allowed).toBe(false);
    expect(status.message).toContain("standalone mode has no default secret");
  });
});
