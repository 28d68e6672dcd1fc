/** A Pod that comes again: another webhook ran, or somebody restored it from a backup. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PIGGY_ENV_IMAGE, startWorld, type World } from "../support/world.ts";
import { type Changed, edited } from "./edited.ts";
import {
  containerOf,
  containerWith,
  environmentOf,
  mutate,
  NAMESPACE,
  ownAddressOf,
  podWith,
  sha256,
  signaturesOf,
} from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.registry.pushImage("shop/image", "1", { Entrypoint: ["/entry", "$(A)"], Cmd: ["$$"] });
});
afterAll(() => world.stop());

const admitted = async (manifest: object) => {
  const { allowed, pod } = await mutate(world, manifest);
  expect(allowed).toBe(true);
  return pod;
};
const again = async (manifest: object, change: (pod: Changed) => void) =>
  mutate(world, edited(await admitted(manifest), change));

describe("a Pod that was admitted is not changed by coming again:", () => {
  const setup = containerWith({ name: "setup", command: ["/setup", "$(PASSWORD)"] });
  const manifests: readonly (readonly [string, () => object])[] = [
    ["in proxy mode", () => podWith()],
    [
      "with references within a value",
      () => podWith({ env: [{ name: "A", value: `a\${piggy:A}$$$\${piggy:B}` }] }),
    ],
    ["in standalone mode", () => podWith({}, { annotations: { "piggysec.com/standalone": "true" } })],
    [
      "of a parameter path",
      () => podWith({}, { annotations: { "piggysec.com/aws-ssm-parameter-path": "/shop" } }),
    ],
    [
      "with an older injector",
      () => podWith({}, { annotations: { "piggysec.com/piggy-env-image": "kongz/piggy-env:0.7.3" } }),
    ],
    [
      "with init containers and volumes",
      () => podWith({}, { spec: { initContainers: [setup], volumes: [{ name: "v", emptyDir: {} }] } }),
    ],
    [
      "with dollars",
      () => podWith({ command: ["sh", "-c", "echo $(PASSWORD) $$(X) $$"], args: ["$(NONE)"] }),
    ],
    [
      "with the image's command",
      () => podWith({ image: `${world.registry.host}/shop/image:1`, command: [] }),
    ],
    [
      "whose args mention what is not known, beside a reference that is recorded",
      () =>
        podWith(
          {
            args: ["$(LATER)"],
            env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['note']" } } }],
            envFrom: [{ configMapRef: { name: "later", optional: true } }],
          },
          { annotations: { note: "piggy://sm/shop/note" } },
        ),
    ],
    ...["PIGGY_UID", "PIGGY_MENTIONS_IN_A", "PIGGY_AWS_REGION"].map(
      (name) =>
        [
          `with a reference in ${name} alone, which is no application's`,
          () => podWith({ env: [{ name, value: "piggy:A" }] }),
        ] as const,
    ),
    ["wrapped in case", () => podWith({ env: [], envFrom: [{ secretRef: { name: "later" } }] })],
    [
      "with a mount of its own beside /piggy",
      () =>
        podWith(
          { volumeMounts: [{ name: "v", mountPath: "/piggybank" }] },
          { spec: { volumes: [{ name: "v", emptyDir: {} }] } },
        ),
    ],
  ];

  test.each(manifests)("%s", async (_, manifest) => {
    const { allowed, patch } = await mutate(world, await admitted(manifest()));
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
  });

  test.each(manifests)("%s, with what the API server has filled in since", async (_, manifest) => {
    world.kubernetes.remove("Pod", NAMESPACE, "api");
    const created = await world.kubernetes.createPod(manifest());
    if (!created.allowed) throw new Error(created.status.message);
    expect(created.patch).not.toBeEmpty();
    const { allowed, patch } = await mutate(world, created.pod);
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
  });
});

describe("what is ours is brought to the present:", () => {
  const variable = (name: string, value: string) => (pod: Changed) => {
    pod.spec.containers[0].env = pod.spec.containers[0].env.map((entry) =>
      entry["name"] === name ? { name, value } : entry,
    );
  };

  test.each([
    ["PIGGY_ADDRESS", "https://old.example.com"],
    ["PIGGY_CA", "the CA of last year"],
    ["PIGGY_SERVICE", "10.0.0.1:443"],
    ["PIGGY_AWS_SECRET_NAME", "somebody/else"],
    ["PIGGY_ENFORCE_INTEGRITY", "false"],
    ["PIGGY_TOKEN_FILE", "/tmp/token"],
    ["PIGGY_POD_NAME", "another"],
  ])("a stale %s", async (name, value) => {
    const first = await admitted(podWith());
    const { pod, patch } = await mutate(world, edited(first, variable(name, value)));
    expect(patch).not.toBeEmpty();
    expect(pod).toEqual(first);
    expect(environmentOf(pod)).toMatchObject({
      PIGGY_ADDRESS: ownAddressOf(world),
      PIGGY_AWS_SECRET_NAME: "shop/api-secret",
    });
  });

  test.each(["", "0", "constructor", "0123456789ABCDEF0123456789ABCDEF"])(
    "a uid that is none: %j",
    async (uid) => {
      const { pod } = await again(podWith(), variable("PIGGY_UID", uid));
      expect(environmentOf(pod)["PIGGY_UID"]).toMatch(/^[0-9a-f]{32}$/);
      expect(signaturesOf(pod)).toEqual({ main: sha256("/app") });
    },
  );

  test("two of PIGGY_EXPAND, of which the last counts, as for the kubelet", async () => {
    const first = await admitted(podWith({ args: ["$(PASSWORD)"] }));
    const none = { name: "PIGGY_EXPAND", value: '{"argv":[],"names":[]}' };
    const before = await mutate(
      world,
      edited(first, ({ spec }) => spec.containers[0].env.unshift(none)),
    );
    const behind = await mutate(
      world,
      edited(first, ({ spec }) => spec.containers[0].env.push(none)),
    );
    expect(environmentOf(before.pod)["PIGGY_EXPAND"]).toBe('{"argv":[1],"names":["PASSWORD"]}');
    expect(environmentOf(behind.pod)).not.toHaveProperty("PIGGY_EXPAND");
    for (const { pod } of [before, behind]) {
      expect(containerOf(pod).args).toEqual(["--", "/app", "$$(PASSWORD)"]);
      expect(signaturesOf(pod)).toEqual(signaturesOf(first));
    }
  });

  test("a uid that a copied container shares with its original", async () => {
    const { pod } = await again(podWith(), ({ spec }) => {
      spec.containers.push({ ...structuredClone(spec.containers[0]), name: "copy" });
    });
    expect(environmentOf(pod, "copy")["PIGGY_UID"]).not.toBe(environmentOf(pod, "main")["PIGGY_UID"]);
    expect(signaturesOf(pod)).toEqual({ main: sha256("/app"), copy: sha256("/app") });
  });

  test.each([
    ["lost", undefined],
    ["made up", '{"00000000000000000000000000000000":"x"}'],
    ["no JSON", "{"],
  ])("a signature that is %s", async (_, annotation) => {
    const first = await admitted(podWith());
    const { pod } = await mutate(
      world,
      edited(first, ({ metadata }) => {
        if (annotation === undefined) delete metadata.annotations["piggysec.com/piggy-uid"];
        else metadata.annotations["piggysec.com/piggy-uid"] = annotation;
      }),
    );
    expect(pod).toEqual(first);
  });

  test("a volume, a mount and an install container that were lost", async () => {
    const first = await admitted(podWith());
    const { pod } = await mutate(
      world,
      edited(first, ({ spec }) => {
        spec.volumes = [];
        spec.initContainers = [];
        spec.containers[0].volumeMounts = [];
      }),
    );
    expect(pod).toEqual(first);
  });

  test("an old injector's image", async () => {
    const { pod } = await again(podWith(), ({ spec }) => {
      spec.initContainers = spec.initContainers.map((container) => ({
        ...container,
        image: "piggy-env:old",
      }));
    });
    expect(containerOf(pod, "install-piggy-env").image).toBe(PIGGY_ENV_IMAGE);
  });

  test("variables of a mode that is left", async () => {
    const { pod } = await again(podWith(), ({ metadata }) => {
      metadata.annotations["piggysec.com/standalone"] = "true";
    });
    expect(environmentOf(pod)["PIGGY_STANDALONE"]).toBe("true");
    expect(Object.keys(environmentOf(pod))).not.toContainAnyValues([
      "PIGGY_ADDRESS",
      "PIGGY_CA",
      "PIGGY_TOKEN_FILE",
    ]);
    expect(pod.spec.volumes?.map(({ name }) => name)).toEqual(["piggy-env"]);
  });
});
