import { describe, expect, test } from "bun:test";
import { PiggyError } from "../lib/error.ts";
import { hasOwnTokenVolume } from "../lib/own-token.ts";
import { parsePod } from "../lib/pod.ts";
import malformed from "./vectors/malformed-pods.json";

const pod = (spec: object, metadata: object = {}) =>
  parsePod({ metadata, spec: { containers: [{ name: "main", image: "app" }], ...spec } });
const container = (fields: object) => {
  const [first] = pod({ containers: [{ name: "main", image: "app", ...fields }] }).containers;
  if (first === undefined) throw new Error("no container");
  return first;
};

describe("a Pod that is none", () => {
  test.each(malformed)("$at: $problem", ({ pod: json, at, problem }) => {
    try {
      parsePod(json);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PiggyError);
      expect(error).toMatchObject({ code: "pod_invalid", message: `${at} ${problem}` });
    }
  });
});

describe("a Pod", () => {
  test("keeps the JSON that it came as", () => {
    const json = { metadata: { a: 1 }, spec: { b: { c: [null] }, containers: [{ name: "x", d: 1 }] }, e: 1 };
    const parsed = parsePod(json);
    expect(parsed.json).toBe(json);
    expect(parsed.containers[0]?.json).toEqual({ name: "x", d: 1 });
  });

  test("may say null wherever it may say nothing", () => {
    const nothing = {
      annotations: {},
      serviceAccount: "default",
      volumes: [],
      initContainers: [],
      imagePullSecrets: [],
    };
    expect(pod({})).toMatchObject(nothing);
    const nulls = { volumes: null, initContainers: null, serviceAccountName: null, imagePullSecrets: null };
    expect(pod({ ...nulls, securityContext: null, nodeSelector: null }, { annotations: null })).toMatchObject(
      nothing,
    );
    expect(
      container({ command: null, args: null, env: null, envFrom: null, volumeMounts: null }),
    ).toMatchObject({ command: [], args: [], env: [], envFrom: [], volumeMounts: [] });
  });

  test("has the service account that it names, in the old field too, else the default one", () => {
    expect(pod({ serviceAccountName: "api", serviceAccount: "old" }).serviceAccount).toBe("api");
    expect(pod({ serviceAccount: "old" }).serviceAccount).toBe("old");
    expect(pod({ serviceAccountName: "" }).serviceAccount).toBe("default");
  });

  test("has the architecture of its nodeSelector, else that of the affinity that it requires", () => {
    const matchExpressions = [{ key: "kubernetes.io/arch", operator: "In", values: ["arm64"] }];
    const required = { nodeSelectorTerms: [{ matchExpressions }] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    expect(pod({ affinity }).architecture).toBe("arm64");
    expect(pod({ affinity, nodeSelector: { "kubernetes.io/arch": "amd64" } }).architecture).toBe("amd64");
    expect(pod({ affinity: null }).architecture).toBeUndefined();
  });

  test("has an annotation for every key, names of the object prototype included", () => {
    const annotations: object = JSON.parse('{"__proto__":"a","constructor":"b"}');
    expect(Object.entries(pod({}, { annotations }).annotations)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  test("reads nothing from the prototype of its JSON", () => {
    const inherited = Object.assign(Object.create({ command: ["sh"] }), { name: "main" });
    expect(parsePod({ spec: { containers: [inherited] } }).containers[0]?.command).toEqual([]);
  });
});

describe("a variable", () => {
  const variable = (fields: object) => container({ env: [{ name: "A", ...fields }] }).env[0];

  test("has its value, the empty one where it says none", () => {
    expect(variable({ value: "x" })).toMatchObject({ value: "x", from: undefined });
    expect(variable({})).toMatchObject({ value: "" });
  });

  test("has no value where it comes from elsewhere", () => {
    const fieldRef = { fieldPath: "metadata.name" };
    expect(variable({ valueFrom: { fieldRef } })).toMatchObject({ value: undefined, from: undefined });
    expect(variable({ value: "", valueFrom: { secretKeyRef: { name: "s", key: "k" } } })).toMatchObject({
      value: undefined,
      from: { object: { kind: "Secret", name: "s" }, key: "k", optional: false },
    });
    expect(
      variable({ valueFrom: { configMapKeyRef: { name: "c", key: "k", optional: true } } }),
    ).toMatchObject({ from: { object: { kind: "ConfigMap", name: "c" }, key: "k", optional: true } });
  });
});

describe("the token of our own", () => {
  const projected = (audience: string | undefined) => ({
    name: "anything",
    projected: { sources: [{ configMap: {} }, { serviceAccountToken: { audience, path: "token" } }] },
  });
  test.each([
    ["projected under any name", [projected("piggysec.com")], true],
    ["of another audience", [projected("vault")], false],
    ["of the API server's own audience", [projected(undefined)], false],
    ["no volume", [], false],
    ["another kind of volume", [{ name: "piggy-token", emptyDir: {} }], false],
  ])("%s", (_, volumes, expected) => {
    expect(hasOwnTokenVolume(pod({ volumes }))).toBe(expected);
  });
});
