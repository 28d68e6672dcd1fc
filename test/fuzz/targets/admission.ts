/** POST /mutate: an answer that is one, a patch that applies, and no reference let through as text. */
import fc from "fast-check";
import { applyPatch } from "rfc6902";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../../../lib/json.ts";
import { type Damage, damaged as damagedJson } from "../../admission/damage.ts";
import { asksForSecrets, literalsIn } from "../../admission/literals.ts";
import { containersOf, withReferenceIn } from "../../corpus/additions.ts";
import { corpusPods } from "../../corpus/corpus.ts";
import { decodePatch, verifyResponse } from "../../fakes/kubernetes/admission-review.ts";
import { damaged, words } from "../near.ts";
import { HUSH } from "../read.ts";
import { target } from "../target.ts";
import { fuzzedWebhook } from "../webhook.ts";

const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const LONGEST_MESSAGE = 2048;
const LONGEST_WARNING = 256;

const requestIn = (review: JsonValue | undefined): JsonObject =>
  isJsonObject(review) && isJsonObject(review["request"]) ? review["request"] : {};
const copyOf = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

/** Sent once; undefined where it is refused as no review. */
async function answered(given: string) {
  const body = given.toWellFormed();
  const { status, code, body: text, logged } = await fuzzedWebhook().mutate(body);
  if (`${text}${logged}`.includes(HUSH)) throw new Error("what stands in a Secret is told");
  if (/internal error|request failed|admission failed/.test(text + logged))
    throw new Error(`it fails: ${logged}`);
  if (status === 400 && code === "review_invalid") return undefined;
  if (status !== 200) throw new Error(`it is answered with ${status} ${text}`);
  const review = parseJson(body);
  // A body that is passed by unread may be no JSON; the API server sends none.
  const uid = review === undefined ? /"uid":"([^"]*)"/.exec(body)?.[1] : requestIn(review)["uid"];
  const response = verifyResponse(JSON.parse(text), String(uid));
  const patch = decodePatch(response);
  if (JSON.stringify(patch).includes(HUSH))
    throw new Error("what stands in a Secret is written into the Pod");
  const warnings = response.warnings ?? [];
  const message = response.status?.message ?? "";
  for (const told of [...warnings, message])
    if (UNFIT.test(told)) throw new Error(`it is not fit to be read: ${told}`);
  if (message.length > LONGEST_MESSAGE || warnings.some((told) => told.length > LONGEST_WARNING))
    throw new Error("it is too long");
  if (!response.allowed && (patch.length > 0 || !message.startsWith("piggy: ")))
    throw new Error(`it is denied with ${text}`);
  return { review, response, patch };
}

async function check(given: string, hasText: boolean): Promise<string> {
  const first = await answered(given);
  if (first === undefined) return "no review";
  const { review, response, patch } = first;
  const code = response.auditAnnotations?.["denied"];
  if (!response.allowed) return `denied: ${code}`;
  if (patch.length === 0) return review === undefined ? "passed by unread" : "as it is";
  const object = copyOf(requestIn(review)["object"]);
  const faults = applyPatch(object, structuredClone([...patch])).filter((fault) => fault !== null);
  if (faults.length > 0) throw new Error(`the patch does not apply: ${faults}`);
  const literals = asksForSecrets(object) ? literalsIn(object, hasText) : [];
  if (literals.length > 0) throw new Error(`it would start with ${literals}`);
  const again = await answered(
    JSON.stringify({ ...copyObject(review), request: { ...requestIn(review), object } }),
  );
  if (again === undefined || !again.response.allowed || again.patch.length > 0) {
    throw new Error(`sent again it is changed again: ${JSON.stringify(again?.patch ?? again?.response)}`);
  }
  return "changed";
}

const copyObject = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

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

export const admissionPods = target({
  name: "admission-pod",
  inputs: pods.map((pod) => reviewOf(pod)),
  check: (body) => check(body, false),
});

/** Pods of the world with a reference in each container, damaged field by field. */
const worldly = fc
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
const replaced = fc
  .tuple(
    fc.oneof(
      worldly,
      pods.map((pod) => reviewOf(pod)),
    ),
    fc.nat({ max: 200 }),
    fc.constantFrom(...ODD),
  )
  .map(([text, at, odd]) => {
    let left = at % Math.max(1, (text.match(/:"[^"]*"/g) ?? []).length);
    return text.replace(/:"[^"]*"/g, (whole) => (left-- === 0 ? `:${odd}` : whole));
  });

export const admissionBodies = target({
  name: "admission-body",
  inputs: fc.oneof(
    { weight: 3, arbitrary: worldly },
    { weight: 3, arbitrary: replaced },
    {
      weight: 1,
      arbitrary: damaged(
        pods.map((pod) => reviewOf(pod)),
        ODD,
      ),
    },
  ),
  check: (body) => check(body, true),
});
