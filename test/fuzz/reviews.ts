/** AdmissionReviews: Pods made of what admission looks at, and Pods of the world with something missing, doubled or odd. */
import fc from "fast-check";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { type Damage, damaged as damagedJson } from "../admission/damage.ts";
import { containersOf, withReferenceIn } from "../corpus/additions.ts";
import { corpusPods } from "../corpus/corpus.ts";
import { damaged, words } from "./near.ts";

const copyOf = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

/** Of the same uid: what is kept in the corpus is short, and comes to the same. */
const reviewOf = (object: unknown, request: object = {}): string =>
  JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "u-1",
      kind: { group: "", version: "v1", kind: "Pod" },
      namespace: "shop",
      operation: "CREATE",
      object,
      ...request,
    },
  });

/** `piggy:` itself stands at the beginning of a value alone: elsewhere it is text, and not to be told from what became of a reference. */
const REFERENCES = [
  "PASSWORD",
  `\${piggy:A}`,
  `\${piggy:A:-b}`,
  "$(A)",
  "$(B)",
  "$(SHARED)",
  "$(NOBODY)",
  "$",
  "$$",
  "}",
  "a",
  `\${piggy://ssm/b}`,
  "\n",
  "é",
];
const NAMES = [
  "A",
  "B",
  "C",
  "PASSWORD",
  "PIGGY_UID",
  "PIGGY_MENTIONS_IN_A",
  "PIGGY_EXPAND",
  "__proto__",
  "constructor",
  "a.b",
  "",
];
const name = fc.constantFrom(...NAMES);
const value = fc
  .tuple(fc.constantFrom("", "", "", "piggy:", "PIGGY:", "piggy://sm/"), words(REFERENCES, 4))
  .map((parts) => parts.join(""));
const source = fc.constantFrom<JsonObject>(
  { configMapKeyRef: { name: "settings", key: "SHARED" } },
  { secretKeyRef: { name: "coins", key: "DOLLAR" } },
  { secretKeyRef: { name: "coins", key: "REFERENCE" } },
  { secretKeyRef: { name: "gone", key: "A", optional: true } },
  { fieldRef: { fieldPath: "metadata.annotations['note']" } },
  { fileKeyRef: { path: "a", volumeName: "v", key: "A" } },
  {},
);
const variable = fc.oneof(
  { weight: 3, arbitrary: fc.record({ name, value }) },
  { weight: 1, arbitrary: fc.record({ name, valueFrom: source }) },
);
const envFrom = fc.constantFrom<JsonObject>(
  { configMapRef: { name: "settings" } },
  { prefix: "P_", secretRef: { name: "coins" } },
  { secretRef: { name: "gone", optional: true } },
  { configMapRef: { name: "__proto__" } },
);
const argv = fc.option(
  fc.array(words([...REFERENCES, "/app", "--", "/piggy/piggy-env"], 3), { maxLength: 3 }),
  { nil: undefined },
);
const container = fc.record({
  name: fc.constantFrom("main", "side", "piggy-env", ""),
  image: fc.constantFrom("app:1", "", "a b"),
  command: argv,
  args: argv,
  env: fc.array(variable, { maxLength: 5 }),
  envFrom: fc.array(envFrom, { maxLength: 2 }),
});
const annotation = fc.constantFrom(
  "standalone",
  "piggy-address",
  "aws-region",
  "aws-ssm-parameter-path",
  "piggy-delivery",
  "piggy-unseen",
  "debug",
  "piggy-ignore-no-env",
  "piggy-uid",
  "piggy-initial-delay",
  "piggy-skip-verify-tls",
  "pigy-address",
);
const annotations = fc.array(
  fc.tuple(
    annotation,
    words(["true", "false", "https://a", "eu-west-1", "image", "init", "/a/", "1s", '{"a":"b"}', "wrap"], 2),
  ),
  { maxLength: 3 },
);

const pods = fc
  .record({
    annotations,
    containers: fc.array(container, { minLength: 1, maxLength: 2 }),
    initContainers: fc.option(fc.array(container, { maxLength: 1 }), { nil: undefined }),
    note: value,
  })
  .map(({ annotations: given, note, ...spec }) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "api",
      annotations: {
        "piggysec.com/aws-secret-name": "shop/api",
        note,
        ...Object.fromEntries(given.map(([key, text]) => [`piggysec.com/${key}`, text])),
      },
    },
    spec,
  }));

export const madeReviews = pods.map((pod) => reviewOf(pod));

/** Pods of the world with a reference in each container, damaged field by field. */
export const worldlyReviews = fc
  .tuple(
    fc.constantFrom(...corpusPods),
    fc.array(
      fc.record({
        damage: fc.constantFrom<Damage[]>("drop", "duplicate", "swap", "null"),
        at: fc.integer({ min: 1, max: 400 }),
      }),
      { maxLength: 4 },
    ),
    fc.constantFrom(
      {},
      {},
      { operation: "UPDATE", oldObject: null },
      { operation: "UPDATE", subResource: "ephemeralcontainers" },
      { operation: "DELETE" },
    ),
  )
  .map(([{ pod }, steps, request]) => {
    const whole = copyOf(containersOf(pod).reduce((all, each) => withReferenceIn(all, each.name), pod));
    return reviewOf(
      steps.reduce((given, { damage, at }) => damagedJson(given, damage, { left: at }), whole),
      request,
    );
  });

/** What JSON can hold, and nobody expects. */
const ODD = [
  '{"toString":1}',
  '{"toString":1,"valueOf":2}',
  '{"__proto__":null}',
  "[".repeat(1_000) + "]".repeat(1_000),
  "1e400",
  "-0",
  '"\\ud800"',
  '"\\u0000"',
  "null",
  "[]",
  "{}",
  '"piggy:A"',
  '"a":1,',
  "\\u0070iggysec.com/",
];
/** A value of the text in whose place another stands. */
export const oddReviews = fc
  .tuple(fc.oneof(worldlyReviews, madeReviews), fc.nat({ max: 200 }), fc.constantFrom(...ODD))
  .map(([text, at, odd]) => {
    let left = at % Math.max(1, (text.match(/:"[^"]*"/g) ?? []).length);
    return text.replace(/:"[^"]*"/g, (whole) => (left-- === 0 ? `:${odd}` : whole));
  });

export const damagedReviews = damaged(madeReviews, ODD);
