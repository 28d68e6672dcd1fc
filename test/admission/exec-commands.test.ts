/** Exec probes and lifecycle hooks: never touched, and a warning where they would see a reference as text. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startWorld, type World } from "../support/world.ts";
import { containerWith, isWrapped, mutate, NAMESPACE, podWith } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const metadata = { name: "references", namespace: NAMESPACE };
  const stringData = { PASSWORD: "piggy:PASSWORD\n", PLAIN: "text" };
  world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata, stringData });
});
afterAll(() => world.stop());

const shell = (script: string) => ({ exec: { command: ["sh", "-c", script] }, unknownField: 1 });
/** As a shell writes it, which a linter takes for a template of its own. */
const braced = (inside: string) => `x $\{${inside}}`;
const FIELDS: Readonly<Record<string, (handler: object) => object>> = {
  livenessProbe: (livenessProbe) => ({ livenessProbe }),
  readinessProbe: (readinessProbe) => ({ readinessProbe }),
  startupProbe: (startupProbe) => ({ startupProbe }),
  postStart: (postStart) => ({ lifecycle: { postStart } }),
  preStop: (preStop) => ({ lifecycle: { preStop } }),
};

describe.each(Object.keys(FIELDS))("%s", (field) => {
  const fieldsOf = (handler: object) => FIELDS[field]?.(handler) ?? {};

  test.each([
    "x $PASSWORD",
    braced("PASSWORD"),
    braced("PASSWORD:-none"),
    "x $(PASSWORD)",
    "x piggy:PASSWORD",
    "x=PIGGY:A",
  ])("is told that %j is text, and stays", async (script) => {
    const fields = fieldsOf(shell(script));
    const { pod, json, warnings } = await mutate(world, podWith(fields));
    expect(warnings).toEqual([
      `piggy: container main: ${field} will see a reference as text, not its secret`,
    ]);
    expect(isWrapped(pod)).toBe(true);
    expect(json).toHaveProperty("spec.containers", [expect.objectContaining(fields)]);
  });

  test.each([
    "x $PASSWORDS",
    "x $OTHER",
    braced("PASSWORD_FILE"),
    "PASSWORD",
    "x $(PASS)",
    "notpiggy:x",
    "piggy: x",
  ])("%j is nothing to speak of", async (script) => {
    expect((await mutate(world, podWith(fieldsOf(shell(script))))).warnings).toEqual([]);
  });

  test.each([null, {}, { exec: null }, { exec: { command: "sh" } }, { httpGet: { path: "/$PASSWORD" } }])(
    "%j executes nothing that can be read",
    async (handler) => {
      const fields = FIELDS[field]?.(handler ?? {}) ?? {};
      expect((await mutate(world, podWith(fields))).warnings).toEqual([]);
    },
  );
});

test("a container is spoken of once, and by its own variables alone", async () => {
  const other = containerWith({ name: "other", env: [], livenessProbe: shell("$PASSWORD") });
  const main = containerWith({ livenessProbe: shell("$PASSWORD"), readinessProbe: shell("$PASSWORD") });
  const { warnings } = await mutate(world, podWith({}, { spec: { containers: [main, other] } }));
  expect(warnings).toEqual([
    "piggy: container main: livenessProbe, readinessProbe will see a reference as text, not its secret",
  ]);
});

describe("a variable that holds a reference is known as one", () => {
  const secretKeyRef = { name: "references", key: "PASSWORD" };
  test.each<[string, string, object]>([
    ["from a Secret's key", "$A", { env: [{ name: "A", valueFrom: { secretKeyRef } }] }],
    ["from a whole Secret", "$PASSWORD", { env: [], envFrom: [{ secretRef: { name: "references" } }] }],
    [
      "from a whole Secret by its prefix",
      braced("DB_PASSWORD"),
      { env: [], envFrom: [{ prefix: "DB_", secretRef: { name: "references" } }] },
    ],
    [
      "as the kubelet's copy of another",
      "$B",
      {
        env: [
          { name: "A", value: "piggy:A" },
          { name: "B", value: "$(A)" },
        ],
      },
    ],
  ])("%s", async (_, script, fields) => {
    const { warnings } = await mutate(world, podWith({ ...fields, livenessProbe: shell(script) }));
    expect(warnings).toEqual([
      "piggy: container main: livenessProbe will see a reference as text, not its secret",
    ]);
  });

  test("unless a later value takes its place", async () => {
    const env = [
      { name: "A", value: "piggy:A" },
      { name: "PASSWORD", value: "text" },
    ];
    const envFrom = [{ secretRef: { name: "references" } }];
    const manifest = podWith({ env, envFrom, livenessProbe: shell("$PASSWORD $PLAIN") });
    expect((await mutate(world, manifest)).warnings).toEqual([]);
  });
});
