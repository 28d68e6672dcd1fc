/** Pods whose text is shortened before it is parsed: what is left is what the whole text says. */
import fc from "fast-check";
import { uidOfUnconcerned } from "../../../lib/admission/glance.ts";
import { parseWithoutManagedFields } from "../../../lib/admission/managed-fields.ts";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../../../lib/json.ts";
import { withoutBallast } from "../../../lib/kubernetes/pod-text.ts";
import { damaged, words } from "../near.ts";
import { target } from "../target.ts";

const NOTATION = [
  ',"managedFields":[',
  ']},"spec":{',
  '},"status":{"',
  ',"conditions":[',
  "}}",
  '"',
  "\\",
  "piggysec.com/",
  "\\u0070",
  "a",
  "[",
  "]",
];
const text = words(NOTATION, 4);
const texts = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });
const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constant({}),
    fc.dictionary(text, tie("tree"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** In the order in which Go writes the fields. */
const pod = fc
  .record({
    name: text,
    labels: optional(texts),
    annotations: optional(texts),
    managedFields: optional(
      fc.array(
        fc.record({
          manager: text,
          operation: fc.constant("Update"),
          fieldsV1: fc.dictionary(text, tree, { maxKeys: 3, noNullPrototype: true }),
        }),
        { maxLength: 3 },
      ),
    ),
    env: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }),
    phase: optional(fc.constantFrom("Pending", "Running", "Failed")),
    conditions: optional(fc.array(fc.record({ type: text, message: text }), { maxLength: 2 })),
    statuses: optional(fc.array(fc.record({ name: text, state: tree }), { maxLength: 2 })),
    isEnded: fc.boolean(),
  })
  .map(({ name, labels, annotations, managedFields, env, phase, conditions, statuses, isEnded }) => {
    const metadata = { name, labels, annotations, managedFields };
    const status = { phase, conditions, containerStatuses: statuses };
    return (
      JSON.stringify({
        kind: "Pod",
        apiVersion: "v1",
        metadata,
        spec: { containers: [{ name, env }] },
        status,
      }) + (isEnded ? "\n" : "")
    );
  });

/** What is read of a Pod. */
function shownOf(value: JsonValue | undefined): string {
  const { metadata, spec, status } = isJsonObject(value) ? value : {};
  const { managedFields: _, ...rest } = isJsonObject(metadata) ? metadata : {};
  return JSON.stringify([rest, spec, isJsonObject(status) ? status["phase"] : status]);
}

export const podTexts = target({
  name: "pod-text",
  inputs: pod,
  check(whole) {
    const short = withoutBallast(whole);
    const parsed = parseJson(short);
    if (shownOf(parsed) !== shownOf(parseJson(whole))) throw new Error(`it becomes ${short}`);
    return short.length === whole.length ? "as it is" : parsed === undefined ? "none" : "shorter";
  },
});

const reviewed = (object: string) =>
  `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE","object":${object.trimEnd()},"oldObject":null}}`;

const requestIn = (review: JsonValue | undefined): JsonObject =>
  isJsonObject(review) && isJsonObject(review["request"]) ? review["request"] : {};

/** Whether any text of it, unescaped, has the prefix of our annotations. */
const concerns = (value: JsonValue | undefined): boolean =>
  JSON.stringify(value ?? null).includes("piggysec.com/");

export const reviewTexts = target({
  name: "review-text",
  inputs: fc.oneof(pod.map(reviewed), damaged(pod.map(reviewed), NOTATION)),
  check(body) {
    const whole = parseJson(body);
    const short = parseWithoutManagedFields(body);
    // One that is damaged within its managedFields is not told from a good one: the API server sends none.
    const isBoth = whole !== undefined && short !== undefined;
    if (isBoth && shownOf(requestIn(short)["object"]) !== shownOf(requestIn(whole)["object"])) {
      throw new Error("without managedFields it is another Pod");
    }
    const uid = uidOfUnconcerned(body, {});
    if (uid !== undefined && whole !== undefined && concerns(whole))
      throw new Error("it is not looked at, and asks for something");
    return `${whole === undefined ? "no JSON" : "JSON"}, ${short === undefined ? "as it is" : "shorter"}, ${uid === undefined ? "read" : "passed by"}`;
  },
});
