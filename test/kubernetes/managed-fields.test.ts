import { describe, expect, test } from "bun:test";
import { withoutManagedFields } from "../../lib/kubernetes/managed-fields.ts";

const MANAGED = [
  {
    manager: "kubelet",
    operation: "Update",
    fieldsV1: { "f:status": { 'k:{"type":"Ready"}': { ".": {} } } },
  },
  { manager: '"managedFields":[', operation: "Apply", fieldsV1: {} },
];
const SPEC = { containers: [{ name: "app", env: [{ name: "A", value: ',"managedFields":[]},"spec":{' }] }] };
const ANNOTATIONS = { note: ',"managedFields":[{}]},"spec":{"containers":[]}}' };

describe("managedFields are left out of a Pod's text", () => {
  test("and nothing else is", () => {
    const metadata = { name: "a", annotations: ANNOTATIONS };
    const text = JSON.stringify({
      metadata: { ...metadata, managedFields: MANAGED },
      spec: SPEC,
      status: {},
    });
    const short = withoutManagedFields(text);
    expect(short).not.toContain("kubelet");
    expect(JSON.parse(short)).toEqual({ metadata, spec: SPEC, status: {} });
  });
});

describe("a Pod's text stays as it is", () => {
  const metadata = { name: "a", annotations: ANNOTATIONS };
  test.each([
    ["without managedFields", JSON.stringify({ metadata, spec: SPEC })],
    [
      "with spaces",
      JSON.stringify({ metadata: { ...metadata, managedFields: MANAGED }, spec: SPEC }, null, 2),
    ],
    [
      "with its fields in another order",
      JSON.stringify({ spec: SPEC, metadata: { managedFields: MANAGED, ...metadata } }),
    ],
    ["that breaks off", '{"metadata":{"name":"a","managedFields":[{"manager":"kubelet"'],
  ])("%s", (_what, text) => {
    expect(withoutManagedFields(text)).toBe(text);
  });
});
