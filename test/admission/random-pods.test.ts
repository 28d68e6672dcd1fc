/** Pods as they are in the world, damaged at random: an answer that is one, and no reference let through as text. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { applyPatch } from "rfc6902";
import { isJsonObject, type JsonObject, type JsonValue } from "../../lib/json.ts";
import { containersOf, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { expand } from "../fakes/kubelet/expansion.ts";
import { decodePatch, verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { startWorld, type World } from "../support/world.ts";
import { post, reviewOf } from "./mutation.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const object of corpusObjects) world.kubernetes.add(object);
});
afterAll(() => world.stop());

const copyOf = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

/** Each Pod with a reference in each of its containers, and a value that mentions it. */
const pods = corpusPods.map(({ pod }) => {
  const names = containersOf(pod).map(({ name }) => name);
  const text = JSON.stringify(names.reduce(withReferenceIn, pod));
  const mention = '{"name":"URL","value":"pg://$(PASSWORD)@db"}';
  return text.replaceAll(/\{"name":"PASSWORD","value":"piggy:PASSWORD"\}/g, (entry) => `${entry},${mention}`);
});

type Damage = "drop" | "duplicate" | "swap" | "null";

/** Takes what one of the values below is, counted in the order in which they stand, and puts something else there. */
function damaged(value: JsonValue, damage: Damage, at: { left: number }): JsonValue {
  const entries = (list: readonly JsonValue[]) =>
    list.flatMap((entry) => {
      at.left -= 1;
      if (at.left !== 0) return [damaged(entry, damage, at)];
      if (damage === "drop") return [];
      return damage === "duplicate" ? [entry, copyOf(entry)] : [inPlaceOf(entry, damage)];
    });
  if (Array.isArray(value)) return entries(value);
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).flatMap(([name, field = null]) => {
    at.left -= 1;
    if (at.left !== 0) return [[name, damaged(field, damage, at)] as const];
    if (damage === "drop") return [];
    return damage === "duplicate"
      ? [[name, field] as const, [`${name}2`, copyOf(field)] as const]
      : [[name, inPlaceOf(field, damage)] as const];
  });
  return Object.fromEntries(fields);
}

function inPlaceOf(value: JsonValue, damage: Damage): JsonValue {
  if (damage === "null") return null;
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return { ...value };
  return isJsonObject(value) ? Object.keys(value) : String(value);
}

const list = (value: JsonValue | undefined) => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const field = (value: JsonValue | undefined, name: string) => (isJsonObject(value) ? value[name] : undefined);

/** What the kubelet makes of the container's own variables; the later of two wins. */
function handedOver({ env }: JsonObject): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const { name, value } of list(env)) {
    if (typeof value === "string")
      values.set(
        String(name),
        expand(value, (other) => values.get(other)),
      );
  }
  return values;
}

/** The names of containers and variables that would have a reference as text. */
function literalsIn(pod: JsonValue): readonly string[] {
  const spec = field(pod, "spec");
  const containers = [...list(field(spec, "initContainers")), ...list(field(spec, "containers"))];
  return containers.flatMap((container) => {
    const command = container["command"];
    const isWrapped = Array.isArray(command) && command.includes("/piggy/piggy-env");
    return [...handedOver(container)].flatMap(([name, value]) => {
      const rest = isWrapped ? value.replace(/^piggy:.*$/s, "").replaceAll(/\$\{piggy:[^}]*\}/g, "") : value;
      return rest.includes("piggy:") ? [`${String(container["name"])}: ${name}`] : [];
    });
  });
}

async function answered(pod: JsonValue) {
  const review = reviewOf(pod);
  const answer = await post(world, JSON.stringify(review));
  expect(answer.status).toBe(200);
  const response = verifyResponse(await answer.json(), review.request.uid);
  return { response, patch: decodePatch(response) };
}

/** Whether the Pod still asks for anything. */
const isOurs = (pod: JsonValue) =>
  typeof field(field(field(pod, "metadata"), "annotations"), "piggysec.com/aws-secret-name") === "string";

const steps = fc.array(
  fc.record({
    damage: fc.constantFrom<Damage[]>("drop", "duplicate", "swap", "null"),
    at: fc.integer({ min: 1, max: 400 }),
  }),
  { minLength: 1, maxLength: 4 },
);

test("a damaged Pod is answered, and an admitted one has no reference as text and comes again unchanged", async () => {
  const seen = { denied: 0, wrapped: 0, unchanged: 0 };
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...pods), steps, async (text, taken) => {
      let pod: JsonValue = JSON.parse(text);
      for (const { damage, at } of taken) pod = damaged(pod, damage, { left: at });
      const { response, patch } = await answered(pod);
      expect(response.status?.message ?? "").not.toContain("internal error");
      if (!response.allowed) {
        seen.denied += 1;
        expect(patch).toEqual([]);
        expect(response.status?.message).toStartWith("piggy: ");
        return;
      }
      seen[patch.length > 0 ? "wrapped" : "unchanged"] += 1;
      const after = copyOf(pod);
      expect(applyPatch(after, [...patch])).toEqual(patch.map(() => null));
      if (isOurs(pod)) expect(literalsIn(after)).toEqual([]);
      expect((await answered(after)).patch).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
  // All three come, or the damage is not what it should be.
  expect(Object.values(seen).every((count) => count > 0)).toBe(true);
  expect(seen.wrapped).toBeGreaterThan(200);
}, 120_000);
