/** Where references are looked for, and what a Pod without one costs. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, isWrapped, mutate, NAMESPACE, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const add = (kind: string, name: string, data: object) =>
    world.kubernetes.add({ apiVersion: "v1", kind, metadata: { name, namespace: NAMESPACE }, ...data });
  add("ConfigMap", "references", { data: { PASSWORD: "piggy:PASSWORD", PLAIN: "text" } });
  add("ConfigMap", "plain", { data: { PASSWORD: "text", OTHER: "text" } });
  add("ConfigMap", "embedded", { data: { URL: `pg://u:\${piggy:PASSWORD}@db`, PLAIN: "text" } });
  add("Secret", "embedded", { stringData: { URL: `pg://u:\${piggy:PASSWORD:-x}@db` } });
  add("Secret", "references", { stringData: { PASSWORD: "piggy:PASSWORD", PLAIN: "text" } });
  add("Secret", "plain", { stringData: { TOKEN: "piggy:TOKEN" } });
  // `echo piggy:PASSWORD | base64`
  add("Secret", "echoed", { data: { PASSWORD: "cGlnZ3k6UEFTU1dPUkQK" } });
  add("Secret", "binary", { data: { KEY: "/+8AwyjA" } });
});
afterAll(() => world.stop());

const annotations = {
  "example.com/password": "piggy:PASSWORD",
  "example.com/url": `pg://u:\${piggy:PASSWORD}@db`,
  "example.com/plain": "text",
};
const inject = (container: object, spec: object = {}) =>
  mutate(world, podWith(container, { annotations, spec }));
const annotation = (name: string) => ({
  name: "A",
  valueFrom: { fieldRef: { fieldPath: `metadata.annotations['${name}']` } },
});
const key = (kind: "configMap" | "secret", name: string, dataKey: string, optional?: boolean) => ({
  name: "A",
  valueFrom: { [`${kind}KeyRef`]: { name, key: dataKey, ...(optional && { optional }) } },
});

describe("an injector that is not of this release", () => {
  const annotations = { "piggysec.com/piggy-env-image": "kongz/piggy-env:0.7.3" };
  const admitted = (value: string) =>
    world.kubernetes.createPod(podWith({ env: [{ name: "A", value }] }, { annotations }));

  test("is given whole-value references", async () => {
    expect((await admitted("piggy:A")).allowed).toBe(true);
  });

  test("is given none that it would leave as text", async () => {
    const outcome = await admitted(`pg://\${piggy:A}@db`);
    expect(outcome.allowed).toBe(false);
    expect(outcome.allowed ? "" : outcome.status.message).toContain("kongz/piggy-env:0.7.3");
  });
});

describe("a container is wrapped for", () => {
  test.each<[string, object]>([
    ["a value", { env: [{ name: "A", value: "piggy:A" }] }],
    ["a value in another case", { env: [{ name: "A", value: "PiGGy:A" }] }],
    ["a value with a trailing line break", { env: [{ name: "A", value: "piggy:A\n" }] }],
    [
      "a reference with a mention in it, in a variable that is a copy of itself",
      {
        env: [
          { name: "A", value: "piggy:$(A)" },
          { name: "A", value: "$(A)" },
        ],
      },
    ],
    [
      "a copy within text of a variable that is set again",
      {
        env: [
          { name: "A", value: "piggy:$(B)" },
          { name: "C", value: "a $(A)" },
          { name: "A", value: "b" },
        ],
      },
    ],
    ["a reference within a value", { env: [{ name: "A", value: `a\${piggy:A}b` }] }],
    ["two dollars, which the kubelet makes one", { env: [{ name: "A", value: `$\${piggy:A}` }] }],
    ["text that the injector unescapes", { env: [{ name: "A", value: `$$$\${piggy:A}` }] }],
    ["a reference within the key of a ConfigMap", { env: [key("configMap", "embedded", "URL")] }],
    ["a reference within the key of a Secret", { env: [key("secret", "embedded", "URL")] }],
    ["a reference within a ConfigMap", { env: [], envFrom: [{ configMapRef: { name: "embedded" } }] }],
    ["a reference within a Secret", { env: [], envFrom: [{ secretRef: { name: "embedded" } }] }],
    ["the key of a ConfigMap", { env: [key("configMap", "references", "PASSWORD")] }],
    ["the key of a Secret", { env: [key("secret", "references", "PASSWORD")] }],
    ["an optional key that is there", { env: [key("secret", "references", "PASSWORD", true)] }],
    ["the key of a Secret made with echo", { env: [key("secret", "echoed", "PASSWORD")] }],
    ["a ConfigMap", { env: [], envFrom: [{ configMapRef: { name: "references" } }] }],
    ["a Secret", { env: [], envFrom: [{ secretRef: { name: "references" } }] }],
    [
      "a Secret beside a plain ConfigMap of its name",
      { env: [], envFrom: [{ configMapRef: { name: "plain" } }, { secretRef: { name: "plain" } }] },
    ],
    ["an annotation of the Pod's", { env: [annotation("example.com/password")] }],
    ["a reference within an annotation of the Pod's", { env: [annotation("example.com/url")] }],
    ["a Secret made with echo", { env: [], envFrom: [{ secretRef: { name: "echoed" } }] }],
    [
      "a Secret that is not the last",
      {
        env: [],
        envFrom: [{ secretRef: { name: "references" } }, { configMapRef: { name: "plain" }, prefix: "X_" }],
      },
    ],
    [
      "a ConfigMap whose prefix keeps it apart from a later value",
      {
        env: [{ name: "PASSWORD", value: "text" }],
        envFrom: [{ prefix: "APP_", configMapRef: { name: "references" } }],
      },
    ],
    [
      "a later value over a plain one",
      {
        env: [
          { name: "A", value: "text" },
          { name: "A", value: "piggy:A" },
        ],
      },
    ],
    [
      "what an optional key that is missing leaves in place",
      { env: [{ name: "A", value: "piggy:A" }, key("configMap", "plain", "MISSING", true)] },
    ],
  ])("%s", async (_, container) => {
    const { allowed, pod, warnings } = await inject(container);
    expect({ allowed, warnings }).toEqual({ allowed: true, warnings: [] });
    expect(isWrapped(pod)).toBe(true);
  });
});

describe("a container is left as it is for", () => {
  test.each<[string, object]>([
    ["no variables", { env: undefined }],
    ["plain values", { env: [{ name: "A", value: "text" }, { name: "B" }] }],
    ["a value that only mentions it", { env: [{ name: "A", value: "see piggy:A" }] }],
    ["braces in upper case, which are a shell's", { env: [{ name: "A", value: `\${PIGGY:A}` }] }],
    ["another key beside a reference within one", { env: [key("configMap", "embedded", "PLAIN")] }],
    ["a name that looks so", { env: [{ name: "piggy:A", value: "text" }] }],
    ["another key of the ConfigMap", { env: [key("configMap", "references", "PLAIN")] }],
    ["another key of the Secret", { env: [key("secret", "references", "PLAIN")] }],
    ["an optional key that is missing", { env: [key("configMap", "references", "MISSING", true)] }],
    ["another annotation", { env: [annotation("example.com/plain")] }],
    [
      "an annotation that is not there",
      { env: [annotation("example.com/missing"), annotation("constructor")] },
    ],
    [
      "a path that only begins like an annotation's",
      {
        env: [
          { name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.annotations['example.com/password" } } },
        ],
      },
    ],
    ["a plain ConfigMap", { env: [], envFrom: [{ configMapRef: { name: "plain" } }] }],
    ["bytes that are no text", { env: [], envFrom: [{ secretRef: { name: "binary" } }] }],
    ["a field of the Pod", { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }],
    [
      "a ConfigMap's reference that a later ConfigMap takes the place of",
      { env: [], envFrom: [{ configMapRef: { name: "references" } }, { configMapRef: { name: "plain" } }] },
    ],
    [
      "a ConfigMap's reference that a value takes the place of",
      { env: [{ name: "PASSWORD", value: "text" }], envFrom: [{ configMapRef: { name: "references" } }] },
    ],
    [
      "a prefixed reference that a value takes the place of",
      {
        env: [{ name: "X_PASSWORD", value: "text" }],
        envFrom: [{ prefix: "X_", configMapRef: { name: "references" } }],
      },
    ],
    [
      "a reference that a later value takes the place of",
      {
        env: [
          { name: "A", value: "piggy:A" },
          { name: "A", value: "text" },
        ],
      },
    ],
  ])("%s", async (_, container) => {
    const { allowed, patch, warnings } = await inject(container);
    expect({ allowed, patch, warnings }).toEqual({ allowed: true, patch: [], warnings: [] });
  });
});

test("each object is read once, whatever the number of containers that name it", async () => {
  const before = world.kubernetes.requests.length;
  const envFrom = [{ configMapRef: { name: "references" } }];
  const containers = ["a", "b", "c"].map((name) => containerWith({ name, envFrom }));
  await inject({}, { containers, initContainers: [containerWith({ name: "d", envFrom })] });
  const paths = world.kubernetes.requests.slice(before).map(({ path }) => path);
  expect(paths).toEqual([`/api/v1/namespaces/${NAMESPACE}/configmaps/references`]);
});

describe("no request is made, to Kubernetes or a registry, for", () => {
  const ENV = [{ name: "A", value: "text" }];
  const ENV_FROM = [{ configMapRef: { name: "references" } }, { secretRef: { name: "references" } }];
  const image = () => `${world.registry.host}/shop/none:1`;
  test.each<[string, () => object, readonly string[]]>([
    ["a Pod with nothing to inject", () => podWith({ image: image(), command: [], env: ENV }), []],
    [
      "a Pod that is not ours to look at, whatever it holds",
      () => podWith({ image: image(), command: [], envFrom: ENV_FROM }, { metadata: { annotations: {} } }),
      [],
    ],
    [
      "a Pod that asks for nothing that could be looked up",
      () => podWith({ envFrom: ENV_FROM }, { metadata: { annotations: { "piggysec.com/debug": "true" } } }),
      ["piggysec.com/debug: without effect"],
    ],
  ])("%s", async (_, manifest, warned) => {
    const before = [world.kubernetes.requests.length, world.registry.requests.length];
    const { allowed, patch, warnings } = await mutate(world, manifest());
    expect({ allowed, patch }).toEqual({ allowed: true, patch: [] });
    expect(warnings).toEqual(warned.map((part) => expect.stringContaining(part)));
    expect([world.kubernetes.requests.length, world.registry.requests.length]).toEqual(before);
  });
});
