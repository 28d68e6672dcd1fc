/** ConfigMaps and Secrets that are not there yet, or that the webhook may not read. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { takesLessThan } from "../support/at-best.ts";
import { startWorld, type World } from "../support/world.ts";
import { edited } from "./edited.ts";
import {
  containerOf,
  containerWith,
  environmentOf,
  isWrapped,
  mutate,
  NAMESPACE,
  podWith,
} from "./mutation.ts";

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

  describe("a key of a file that another container writes", () => {
    const inFile = (optional?: boolean) => {
      const fileKeyRef = { volumeName: "v", path: "a.env", key: "A", ...(optional && { optional }) };
      return { env: [{ name: "A", valueFrom: { fileKeyRef } }] };
    };

    test("is treated alike, and so are values that mention it", async () => {
      const env = [...inFile().env, { name: "URL", value: "pg://$(A)@db" }];
      const { pod, warnings } = await mutate(world, podWith({ env }));
      const { PIGGY_UID, PIGGY_MENTIONS_IN_URL } = environmentOf(pod);
      expect(warnings).toEqual([]);
      expect(PIGGY_MENTIONS_IN_URL).toBe(`pg://${PIGGY_UID}$(A)${PIGGY_UID}@db`);
      expect((await mutate(world, pod)).patch).toEqual([]);
    });

    test("denies the Pod whose entrypoint cannot be found, with the file's name", async () => {
      const { status } = await mutate(world, podWith({ ...inFile(), ...unknown() }));
      expect(status.message).toContain("file a.env of volume v is absent");
    });

    test("does not where it is optional, or nobody asked for it", async () => {
      const { warnings } = await mutate(world, podWith({ ...inFile(true), ...unknown() }));
      expect(warnings).toEqual([expect.stringContaining("container main starts without piggy-env")]);
      const ignored = await mutate(world, podWith({ ...inFile(), ...unknown() }, ignore));
      expect(ignored).toMatchObject({ allowed: true, patch: [], warnings: [] });
    });
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

  test.each([
    ["are known", () => known().image, 18],
    ["have no name that is one", () => "no image!", 1],
    ["are not there", (index: number) => `${world.registry.host}/shop/none-${index}:1`, 1],
  ])(
    "optional, in more containers than are looked up at a time, whose images %s: the last has its turn",
    async (_, imageOf, wrapped) => {
      await mutate(world, podWith(known()));
      const containers = Array.from({ length: 18 }, (_, index) => {
        const image = index < 17 ? imageOf(index) : known().image;
        return containerWith({ ...missing(true), command: [], name: `c${index}`, image });
      });
      const { pod } = await mutate(world, podWith({}, { spec: { containers } }));
      expect(containerOf(pod, "c17").args).toEqual(["--", "/entry"]);
      expect(containers.filter(({ name }) => isWrapped(pod, name))).toHaveLength(wrapped);
    },
  );

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

describe("values that mention what an object may set which is not there yet", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  const mentioning = {
    ...missing(true),
    command: ["/app", "$(USER)"],
    env: [
      { name: "PASSWORD", value: "piggy:PASSWORD" },
      { name: "URL", value: "pg://$(HOST):$(PASSWORD)@db" },
    ],
  };
  const namesOf = (pod: Parameters<typeof containerOf>[0]) =>
    (containerOf(pod).env ?? []).map(({ name }) => name);
  const marks = (pod: Parameters<typeof containerOf>[0]) =>
    namesOf(pod).filter((name) => name.startsWith("PIGGY_MENTION"));

  test("stay what the container's commands see, and stand before it for the injector", async () => {
    const { pod } = await mutate(world, podWith(mentioning));
    const { URL, PIGGY_MENTIONS_IN_URL, PIGGY_UID, PIGGY_MENTIONED } = environmentOf(pod);
    expect(URL).toBe(`pg://$(HOST):\${piggy:PASSWORD}@db`);
    expect(PIGGY_MENTIONS_IN_URL).toBe(`pg://${PIGGY_UID}$(HOST)${PIGGY_UID}:\${piggy:PASSWORD}@db`);
    expect(PIGGY_MENTIONED).toBe("USER=$(USER)");
    const names = namesOf(pod);
    expect(names.slice(0, 3)).toEqual(["PASSWORD", "PIGGY_MENTIONS_IN_URL", "URL"]);
    expect(names.at(-1)).toBe("PIGGY_MENTIONED");
  });

  test("sent again stay, and what the kubelet is asked stays behind what others add", async () => {
    const { pod } = await mutate(world, podWith(mentioning));
    expect((await mutate(world, pod)).patch).toEqual([]);
    const added = edited(pod, ({ spec }) => {
      spec.containers[0].env.push({ name: "USER", value: "u" });
    });
    const again = await mutate(world, added);
    expect(marks(again.pod)).toEqual(["PIGGY_MENTIONS_IN_URL"]);
    const optional = {
      name: "USER",
      valueFrom: { configMapKeyRef: { name: "x", key: "U", optional: true } },
    };
    const asked = edited(pod, ({ spec }) => {
      spec.containers[0].env.push(optional);
    });
    expect(namesOf((await mutate(world, asked)).pod).at(-1)).toBe("PIGGY_MENTIONED");
  });

  test("are nothing special once it is there, and nothing of it stays in a container that is left out", async () => {
    const { pod } = await mutate(world, podWith(mentioning));
    const leftOut = edited(pod, ({ metadata }) => {
      metadata.annotations["piggysec.com/piggy-skip-containers"] = "main";
    });
    expect(marks((await mutate(world, leftOut)).pod)).toEqual([]);
    const metadata = { name: "later", namespace: NAMESPACE };
    world.kubernetes.add({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { HOST: "h" } });
    expect(marks((await mutate(world, pod)).pod)).toEqual([]);
    world.kubernetes.remove("ConfigMap", NAMESPACE, "later");
  });

  test("are nothing special where an object that is there, or a value, sets it afterwards", async () => {
    const metadata = { name: "there", namespace: NAMESPACE };
    world.kubernetes.add({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { HOST: "h" } });
    const envFrom = [...missing(true).envFrom, { configMapRef: { name: "there" } }];
    const env = [
      { name: "USER", value: "u" },
      { name: "URL", value: "pg://$(USER)@$(HOST)" },
    ];
    expect(marks((await mutate(world, podWith({ envFrom, env }))).pod)).toEqual([]);
  });

  test("are denied when marks would make the environment longer than any may be", async () => {
    const env = [
      { name: "PASSWORD", value: "piggy:PASSWORD" },
      { name: "LONG", value: "$(HOST)".repeat(40_000) },
    ];
    const { allowed, status } = await mutate(world, podWith({ ...missing(true), env }));
    expect(allowed).toBe(false);
    expect(status.message).toContain("LONG is too long");
  });

  test("are not told to an injector that knows nothing of it", async () => {
    const annotations = { "piggysec.com/piggy-env-image": "ghcr.io/kongz/piggy-env:0.7.0" };
    const env = [{ name: "URL", value: "pg://$(HOST)@db" }];
    const { pod } = await mutate(world, podWith({ ...mentioning, env }, { annotations }));
    expect(isWrapped(pod)).toBe(true);
    expect(marks(pod)).toEqual([]);
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

  test.each([
    ["a Secret", { secretRef: { name: "plain" } }, "Secret plain is forbidden"],
    ["an optional Secret", { secretRef: { name: "plain", optional: true } }, "Secret plain is forbidden"],
    [
      "an optional ConfigMap",
      { configMapRef: { name: "plain", optional: true } },
      "ConfigMap plain is forbidden",
    ],
  ])("denies a Pod of %s where an entrypoint cannot be found, and says so", async (_, source, words) => {
    const image = `${world.registry.host}/shop/none:1`;
    const container = { image, command: [], env: [], envFrom: [source] };
    const { allowed, status } = await mutate(world, podWith(container));
    expect(allowed).toBe(false);
    expect(status.message).toContain(words);
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
    const isInTime = await takesLessThan(1_000, async () => {
      world.kubernetes.failNext({ path: /configmaps/, status: 500, times: 1, delayMs: 3_000 });
      const started = performance.now();
      const { allowed, status } = await mutate(world, podWith(missing()), "/mutate?timeout=1s");
      expect(allowed).toBe(false);
      expect(status).toMatchObject({ code: 503, message: expect.stringContaining("no answer in time") });
      return performance.now() - started;
    });
    expect(isInTime).toBe(true);
  });
});
