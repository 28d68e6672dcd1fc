/** `npm run soak` in short: everything that it does to the replicas, once. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { livesFor } from "../../soak/lives.ts";
import { nameOf, planDeeds } from "../../soak/plan.ts";
import { reportOf } from "../../soak/report.ts";
import { runSoak } from "../../soak/run.ts";
import { type Stage, setStage } from "../../soak/stage.ts";

const SECONDS = 180;
const SEED = 1;
/** The last Pods come to their end when the time is over, also where the kubelet waits before it tries again. */
const TIMEOUT_MS = 400_000;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage(livesFor(SECONDS));
});
afterAll(() => stage?.stop());

test(
  "no Pod is lost or starts with a reference, whatever is done to the replicas",
  async () => {
    const seen = await runSoak(stage, { seconds: SECONDS, seed: SEED, print: console.log });
    expect(seen.violations).toEqual([]);
    const results = reportOf(seen, SECONDS, SEED);
    const names = (all: readonly string[]) => [...all].sort();
    expect(names(results.happened.map(({ name }) => name))).toEqual(
      names(planDeeds(SECONDS, SEED).map(({ deed }) => nameOf(deed))),
    );
    // What was to be checked has been there.
    expect(results.starts.count).toBeGreaterThan(20);
    expect(results.startedAgain).toBeGreaterThan(2);
    expect(results.judged).toBeGreaterThanOrEqual(results.starts.count + results.startedAgain);
    expect(results.admissions.count).toBeGreaterThan(100);
    expect(results.verified).toBeGreaterThan(100);
    expect(results.said["allowed"]).toBeGreaterThan(20);
    expect(results.said["certificate renewed"]).toBeGreaterThan(0);
    expect(results.said["CA written"]).toBeGreaterThan(1);
  },
  TIMEOUT_MS,
);
