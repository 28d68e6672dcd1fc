/** Which clusters mount images, and since when. */
import { describe, expect, test } from "bun:test";
import { createImageVolumeMemory } from "../../lib/admission/delivery/image-volume-memory.ts";
import { judgeNode, judgeServer, type Verdict } from "../../lib/admission/delivery/image-volumes.ts";
import vectors from "../vectors/image-volumes.json";

describe("an API server", () => {
  test.each(vectors.servers)("of $major.$minor is $verdict", ({ major, minor, verdict }) => {
    expect(judgeServer({ major, minor })).toHaveProperty("verdict", verdict);
  });
});

describe("a node", () => {
  test.each(vectors.nodes)(
    "with kubelet $kubelet and $runtime is $verdict",
    ({ kubelet, runtime, verdict }) => {
      const judged = judgeNode({ name: "ip-1", kubeletVersion: kubelet, containerRuntime: runtime });
      expect(judged).toHaveProperty("verdict", verdict);
      if (judged.verdict !== "able") expect(judged.reason).toContain("ip-1");
    },
  );
});

const MINUTE = 60_000;
const able: Verdict = { verdict: "able" };
const unable: Verdict = { verdict: "unable", reason: "node a runs kubelet v1.34.0" };
const unknown: Verdict = { verdict: "unknown", reason: "piggy-webhooks may not list nodes" };

/** A minute passes before each look; what is known after the last. */
function after(...looks: readonly (Verdict | "failed")[]) {
  let now = 0;
  const memory = createImageVolumeMemory(10 * MINUTE, () => now);
  for (const look of looks) {
    now += MINUTE;
    if (look !== "failed") memory.observe(look);
  }
  return memory.current();
}
const times = <T>(count: number, look: T): readonly T[] => Array.from({ length: count }, () => look);

describe("over time, a cluster", () => {
  test("is not known before the first look", () => {
    expect(after()).toMatchObject({ verdict: "unknown", isSettled: false });
    expect(after(...times(20, "failed" as const))).toMatchObject({ verdict: "unknown", isSettled: false });
  });

  test("is settled ten minutes after the first look that found it able, and not before", () => {
    expect(after(...times(10, able))).toEqual({ verdict: "able", isSettled: false });
    expect(after(...times(11, able))).toEqual({ verdict: "able", isSettled: true });
  });

  test.each([
    ["cannot", unable],
    ["may", unknown],
  ])("is unsettled at once by a look that finds it %s", (_, look) => {
    expect(after(...times(30, able), look)).toEqual({ ...look, isSettled: false });
    expect(after(...times(30, able), look, ...times(10, able))).toHaveProperty("isSettled", false);
    expect(after(...times(30, able), look, ...times(11, able))).toHaveProperty("isSettled", true);
  });

  test("stays as it was while looks fail, for five minutes", () => {
    expect(after(...times(11, able), ...times(5, "failed" as const))).toHaveProperty("isSettled", true);
    expect(after(...times(11, able), ...times(6, "failed" as const))).toMatchObject({
      verdict: "unknown",
      isSettled: false,
    });
    expect(after(unable, ...times(6, "failed" as const))).toHaveProperty("verdict", "unknown");
  });

  test("settles anew when nobody looked for longer", () => {
    const looks = [...times(11, able), ...times(6, "failed" as const)];
    expect(after(...looks, able)).toEqual({ verdict: "able", isSettled: false });
    expect(after(...looks, ...times(11, able))).toHaveProperty("isSettled", true);
  });

  test("is said to have changed when it has, in its reason too", () => {
    const memory = createImageVolumeMemory(0, () => 0);
    const looks = [able, able, unable, { ...unable }, { ...unable, reason: "node b" }, able];
    expect(looks.map((look) => memory.observe(look))).toEqual([true, false, true, false, true, true]);
  });
});
