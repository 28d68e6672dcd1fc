/** Every parser of what comes from outside, with its corpus and a few hundred inputs of a fixed seed: `npm run fuzz` has more. */
import { describe, expect, test } from "bun:test";
import { targets } from "./targets.ts";

const SEED = 20_261_128;
const RUNS = 300;

describe.each(targets.map((each) => [each.name, each] as const))("%s", (_name, { replay, fuzz }) => {
  test("has a corpus, of which each input comes to what it was kept for", async () => {
    expect(await replay()).toBeGreaterThan(0);
  });

  test("holds for inputs of a fixed seed, which come to more than one thing", async () => {
    const { failure, outcomes } = await fuzz({ seed: SEED, runs: RUNS });
    expect(failure).toBeUndefined();
    expect(outcomes.size).toBeGreaterThan(1);
  });
});
