/** What is known of the cluster's image volumes over time. */
import type { Verdict } from "./image-volumes.ts";

/** What is known at an admission, which never waits for it. */
export type ImageVolumes = Verdict & {
  /** Whether it has been so for long enough to count on it: while nodes come and go, one that cannot may come back. */
  readonly isSettled: boolean;
};

const NOTHING_YET: Verdict = { verdict: "unknown", reason: "piggy-webhooks has not seen the nodes yet" };
const TOO_OLD: Verdict = { verdict: "unknown", reason: "piggy-webhooks has not seen the nodes of late" };

/** A look that is older counts for nothing: nodes may have come since that nobody saw. */
const OUTDATED_MS = 5 * 60_000;

export interface ImageVolumeMemory {
  /** Takes what a look found. @returns whether it is another verdict than before */
  observe(verdict: Verdict): boolean;
  current(): ImageVolumes;
}

/** @param settleMs how long every look must find the cluster able before it counts as settled */
export function createImageVolumeMemory(settleMs: number, now: () => number): ImageVolumeMemory {
  let last: Verdict = NOTHING_YET;
  let lastAt = Number.NEGATIVE_INFINITY;
  let ableSince: number | undefined;
  const isOutdated = () => now() - lastAt > OUTDATED_MS;
  return {
    observe(verdict) {
      const isOther = !Bun.deepEquals(last, verdict);
      if (verdict.verdict !== "able" || isOutdated()) ableSince = undefined;
      if (verdict.verdict === "able") ableSince ??= now();
      last = verdict;
      lastAt = now();
      return isOther;
    },
    current() {
      if (last !== NOTHING_YET && isOutdated()) return { ...TOO_OLD, isSettled: false };
      return { ...last, isSettled: ableSince !== undefined && now() - ableSince >= settleMs };
    },
  };
}
