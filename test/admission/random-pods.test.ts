/** Pods as they are in the world, damaged at random: an answer that is one, and no reference let through as text. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { applyPatch } from "rfc6902";
import type { JsonValue } from "../../lib/json.ts";
import { containersOf, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { decodePatch, verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { startWorld, type World } from "../support/world.ts";
import { type Damage, damaged } from "./damage.ts";
import { asksForSecrets, literalsIn } from "./literals.ts";
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

async function answered(pod: JsonValue) {
  const review = reviewOf(pod);
  const answer = await post(world, JSON.stringify(review));
  expect(answer.status).toBe(200);
  const response = verifyResponse(await answer.json(), review.request.uid);
  return { response, patch: decodePatch(response) };
}

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
      if (asksForSecrets(pod)) expect(literalsIn(after)).toEqual([]);
      expect((await answered(after)).patch).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
  // All three come, or the damage is not what it should be.
  expect(Object.values(seen).every((count) => count > 0)).toBe(true);
  expect(seen.wrapped).toBeGreaterThan(200);
}, 120_000);
