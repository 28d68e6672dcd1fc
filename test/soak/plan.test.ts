/** The plan of a soak run. */
import { describe, expect, test } from "bun:test";
import { type Deed, nameOf, planDeeds } from "../../soak/plan.ts";

const SHORT = 180;
const HOUR = 3600;
const endsTheElder = (deed: Deed) =>
  deed.kind === "rollout" || ("which" in deed && deed.kind !== "clock" && deed.which === "elder");

describe.each([SHORT, HOUR])("the plan of %d s", (seconds) => {
  const plan = planDeeds(seconds, 1);

  test("holds every kind of deed", () => {
    expect([...new Set(plan.map(({ deed }) => nameOf(deed)))].sort()).toEqual(
      [
        "API server restarted",
        "AWS down",
        "AWS throttles",
        "CA Secret deleted",
        "Pod deleted",
        "SIGKILL",
        "caBundle emptied",
        "clock +60 min, both",
        "clock +60 min, one",
        "clock +7 min, one",
        "clock −7 min, both",
        "clock −7 min, one",
        "rollout restart",
      ].sort(),
    );
  });

  test("is spread evenly, and over before the run is", () => {
    const times = plan.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    const even = seconds / plan.length;
    expect(Math.max(...gaps)).toBeLessThan(1.5 * even);
    expect(Math.min(...gaps)).toBeGreaterThan(0.4 * even);
    expect(Math.max(...times)).toBeLessThan(0.95 * seconds);
  });

  test("has one jump of a clock be over before the next begins", () => {
    const jumps = plan.flatMap(({ at, deed }) =>
      deed.kind === "clock" ? [{ at, until: at + deed.seconds }] : [],
    );
    expect(jumps.filter(({ at }, index) => at < (jumps[index - 1]?.until ?? 0))).toEqual([]);
  });

  test("leaves the elder of the replicas alone from some time on", () => {
    const last = plan.findLast(({ deed }) => endsTheElder(deed));
    expect(last?.at).toBeLessThan(seconds / 2);
  });

  test("is the same for the same seed, and another for another", () => {
    expect(planDeeds(seconds, 1)).toEqual(plan);
    expect(planDeeds(seconds, 2)).not.toEqual(plan);
  });
});

test("an hour has one deletion of the CA's Secret, and many kills", () => {
  const count = (name: string) => planDeeds(HOUR, 7).filter(({ deed }) => nameOf(deed) === name).length;
  expect(count("CA Secret deleted")).toBe(1);
  expect(count("SIGKILL")).toBe(8);
});
