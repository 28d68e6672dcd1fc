import { describe, expect, test } from "bun:test";
import type { StoredPod } from "../kubernetes/pod.ts";
import { podField } from "./fields.ts";

describe("a Pod's fields", () => {
  const pod: StoredPod = {
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "u-1",
      annotations: { "a/b": "note" },
      labels: { app: "x" },
    },
    spec: { serviceAccountName: "app", containers: [] },
  };
  test.each([
    ["metadata.name", "web"],
    ["metadata.namespace", "shop"],
    ["metadata.uid", "u-1"],
    ["metadata.annotations['a/b']", "note"],
    ["metadata.annotations['none']", ""],
    ["metadata.labels['app']", "x"],
    ["metadata.labels", 'app="x"'],
    ["spec.serviceAccountName", "app"],
    ["status.podIP", "127.0.0.1"],
  ])("%s", (path, value) => {
    expect(podField(pod, path)).toBe(value);
  });

  test("a field that is not offered is an error", () => {
    expect(() => podField(pod, "spec.containers")).toThrow("unsupported fieldPath: spec.containers");
  });
});
