import { describe, expect, test } from "bun:test";
import { withoutBallast } from "../../lib/kubernetes/pod-text.ts";

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
    const short = withoutBallast(text);
    expect(short).not.toContain("kubelet");
    expect(JSON.parse(short)).toEqual({ metadata, spec: SPEC, status: {} });
  });
});

describe("what became of the containers is left out of a Pod's text", () => {
  const metadata = { name: "a", annotations: { note: '},"status":{"phase":"Failed","conditions":[' } };
  const rest = { message: "m", containerStatuses: [{ name: "app", state: { running: {} } }] };
  const conditions = [{ type: "Ready", status: "True" }];

  test("and the phase is not", () => {
    for (const known of [{ phase: "Running" }, { observedGeneration: 1, phase: "Running" }]) {
      const status = { ...known, conditions, ...rest };
      const short = withoutBallast(`${JSON.stringify({ metadata, spec: SPEC, status })}\n`);
      expect(JSON.parse(short)).toEqual({ metadata, spec: SPEC, status: known });
    }
  });

  test("where it has conditions", () => {
    const text = JSON.stringify({ metadata, spec: SPEC, status: { phase: "Pending", ...rest } });
    expect(withoutBallast(text)).toBe(text);
  });
});

test("both are left out of one Pod's text", () => {
  const metadata = { name: "a", annotations: ANNOTATIONS };
  const conditions = [{ type: "Ready", status: "True" }];
  const text = JSON.stringify({
    metadata: { ...metadata, managedFields: MANAGED },
    spec: SPEC,
    status: { phase: "Running", conditions },
  });
  expect(JSON.parse(withoutBallast(text))).toEqual({ metadata, spec: SPEC, status: { phase: "Running" } });
});

test("of a text whose status comes before its metadata, only the fields' owners are left out", () => {
  const metadata = { name: "a", managedFields: MANAGED };
  const status = { phase: "Running", conditions: [{ type: "Ready" }] };
  const text = JSON.stringify({ spec: { a: {} }, status, metadata, more: {} }).replace(
    ',"more":{}}',
    ',"spec":{"b":{"c":{}}}}',
  );
  expect(JSON.parse(withoutBallast(text))).toEqual({
    spec: { b: { c: {} } },
    status,
    metadata: { name: "a" },
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
    [
      "that breaks off in its status",
      '{"metadata":{},"spec":{},"status":{"phase":"Running","conditions":[{"a":1}',
    ],
    ["that breaks off", '{"metadata":{"name":"a","managedFields":[{"manager":"kubelet"'],
  ])("%s", (_what, text) => {
    expect(withoutBallast(text)).toBe(text);
  });
});
