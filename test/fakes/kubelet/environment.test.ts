import { describe, expect, test } from "bun:test";
import type { Container } from "../kubernetes/pod.ts";
import { containerEnvironment } from "./environment.ts";

describe("the environment of a container", () => {
  const objects = new Map([
    [
      "ConfigMap/settings",
      new Map([
        ["COLOR", "blue"],
        ["SIZE", "$(COLOR)"],
        ["a=b", "x"],
      ]),
    ],
    ["ConfigMap/later", new Map([["COLOR", "red"]])],
    ["Secret/db", new Map([["password", "piggy:PASSWORD"]])],
  ]);
  const sources = {
    services: new Map([
      ["API_HOST", "10.0.0.1"],
      ["COLOR", "service"],
    ]),
    field: (path: string) => `<${path}>`,
    data: (kind: string, name: string) => objects.get(`${kind}/${name}`),
  };
  const build = (container: Partial<Container>) =>
    Object.fromEntries(containerEnvironment({ name: "main", ...container }, sources));
  const settings = { configMapRef: { name: "settings" } };
  const key = (key: string, optional = false) => ({ configMapKeyRef: { name: "settings", key, optional } });

  test.each<[string, Partial<Container>, Record<string, string>]>([
    ["holds the Services' variables", {}, { API_HOST: "10.0.0.1", COLOR: "service" }],
    [
      "takes an object's keys over a Service's, unexpanded, without impossible names",
      { envFrom: [settings] },
      { COLOR: "blue", SIZE: "$(COLOR)" },
    ],
    [
      "takes the later of two objects",
      { envFrom: [settings, { configMapRef: { name: "later" } }] },
      { COLOR: "red" },
    ],
    [
      "puts the prefix before the keys of its object",
      { envFrom: [{ prefix: "DB_", secretRef: { name: "db" } }] },
      { DB_password: "piggy:PASSWORD" },
    ],
    [
      "passes over an optional object that is not there",
      { envFrom: [{ secretRef: { name: "none", optional: true } }] },
      { COLOR: "service" },
    ],
    [
      "takes env over envFrom",
      { envFrom: [settings], env: [{ name: "COLOR", value: "green" }] },
      { COLOR: "green" },
    ],
    [
      "expands what was defined before, from env, envFrom and Services",
      {
        envFrom: [settings],
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "$(A) $(COLOR) $(API_HOST) $(C)" },
          { name: "C", value: "late" },
        ],
      },
      { B: "1 blue 10.0.0.1 $(C)" },
    ],
    [
      "lets a variable extend its own earlier value",
      {
        env: [
          { name: "A", value: "1" },
          { name: "A", value: "$(A)2" },
        ],
      },
      { A: "12" },
    ],
    [
      "does not expand what comes from a key",
      { env: [{ name: "A", valueFrom: key("SIZE") }] },
      { A: "$(COLOR)" },
    ],
    [
      "reads fields of the Pod",
      { env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
      { A: "<metadata.name>" },
    ],
    [
      "reads a key of a Secret",
      { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }] },
      { A: "piggy:PASSWORD" },
    ],
    [
      "takes value over valueFrom, and valueFrom over an empty value",
      {
        env: [
          { name: "A", value: "x", valueFrom: key("COLOR") },
          { name: "B", value: "", valueFrom: key("COLOR") },
        ],
      },
      { A: "x", B: "blue" },
    ],
    ["sets a variable without a value to the empty text", { env: [{ name: "COLOR" }] }, { COLOR: "" }],
  ])("%s", (_, container, expected) => {
    expect(build(container)).toMatchObject(expected);
    expect(build(container)).not.toHaveProperty(["a=b"]);
  });

  test("leaves a variable out whose optional key or object is not there", () => {
    const secretKeyRef = { name: "none", key: "x", optional: true };
    const env = [
      { name: "A", valueFrom: key("none", true) },
      { name: "B", valueFrom: { secretKeyRef } },
    ];
    expect(Object.keys(build({ env }))).toEqual(["API_HOST", "COLOR"]);
  });

  test.each<[string, Partial<Container>, string]>([
    ["object of envFrom", { envFrom: [{ secretRef: { name: "none" } }] }, 'secret "none" not found'],
    [
      "object of a key",
      { env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "none", key: "x" } } }] },
      'configmap "none" not found',
    ],
    ["key", { env: [{ name: "A", valueFrom: key("none") }] }, "couldn't find key none in ConfigMap settings"],
  ])("cannot be built without a required %s", (_, container, message) => {
    expect(() => build(container)).toThrow(`CreateContainerConfigError: ${message}`);
  });
});
