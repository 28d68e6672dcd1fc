/** Fields that no version of Kubernetes has yet, at every level of Pods as they are in the world. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isJsonObject, type JsonValue } from "../../lib/json.ts";
import { containersOf, withoutAdditions, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { startWorld, type World } from "../support/world.ts";
import { mutate } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const object of corpusObjects) world.kubernetes.add(object);
});
afterAll(() => world.stop());

const UNKNOWN = { futureField: { kept: [1.5, null, { deeper: "" }], "a/b~c": false } };

/** What is an object by its form and a map of texts by its meaning. */
const MAPS: ReadonlySet<string> = new Set(["annotations", "labels", "nodeSelector", "limits", "requests"]);

function withUnknownFields(value: JsonValue, field = ""): JsonValue {
  if (Array.isArray(value)) return value.map((entry) => withUnknownFields(entry, field));
  if (!isJsonObject(value) || MAPS.has(field)) return value;
  const entries = Object.entries(value).map(([name, entry]) => [
    name,
    withUnknownFields(entry ?? null, name),
  ]);
  return { ...Object.fromEntries(entries), ...UNKNOWN };
}

function unknownFieldsIn(pod: Pod): Pod {
  const json: JsonValue = JSON.parse(JSON.stringify(pod));
  return parsePod(withUnknownFields(json), "Pod");
}

const cases = corpusPods.flatMap(({ name, pod }) =>
  containersOf(pod).map((container) => [name, container.name, pod] as const),
);

describe("with a reference in one container, nothing of them is lost", () => {
  test.each(cases)("of %s, %s", async (_, container, pod) => {
    const before = unknownFieldsIn(withReferenceIn(pod, container));
    const { allowed, patch, json } = await mutate(world, before);
    expect(allowed).toBe(true);
    expect(patch).not.toBeEmpty();
    expect(withoutAdditions(json, before, container)).toEqual(before);
  });
});

describe("without a reference the Pod is admitted as it is", () => {
  test.each(corpusPods.map(({ name, pod }) => [name, pod] as const))("%s", async (_, pod) => {
    const annotations = { ...pod.metadata.annotations, "piggysec.com/aws-secret-name": "shop/api-secret" };
    const before = unknownFieldsIn({ ...pod, metadata: { ...pod.metadata, annotations } });
    const unseen = { ...annotations, "piggysec.com/piggy-unseen": "ignore" };
    const seen = { ...before, metadata: { ...before.metadata, annotations: unseen } };
    expect(await mutate(world, seen)).toMatchObject({ allowed: true, patch: [] });
  });
});
