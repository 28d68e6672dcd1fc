/**
 * The Pod is read beside the review of its token, not after it: what the token says of itself is right nearly always,
 * and a container waits for one answer of the API server instead of two. What was read is looked at when the review
 * names that very Pod, and never otherwise: nobody without a good token learns anything from it, or waits for it.
 *
 * A token that anybody made up costs the API server an answer from memory besides the review, and etcd nothing. So no
 * more than a few are under way before their tokens are known to be good, and after one that was not there are none for
 * a second. Once the review is there, a Pod that the API server has not in memory is read as it is stored.
 */
import type { Pod } from "../pod.ts";
import type { Claims } from "./claims.ts";
import type { BoundPod, SecretsWorld } from "./world.ts";

type Reads = Pick<SecretsWorld, "readPod" | "readCachedPod">;

/** Undefined when there is no such Pod; where another has its name, that one may be given. */
export type ReadBoundPod = (pod: BoundPod, signal: AbortSignal) => Promise<Pod | undefined>;

const MOST_UNPROVED = 32;
const DISTRUST_MS = 1_000;

export interface EarlyRead {
  /** With the early read, if that was of the Pod. */
  readonly readBoundPod: ReadBoundPod;
  /** What the review said of the token: the Pod that it is bound to, or nothing good. To be told once. */
  readonly settle: (proved: BoundPod | undefined) => void;
}

export type ReadEarly = (claims: Claims, signal: AbortSignal) => EarlyRead;

export function createEarlyReads(
  { readPod, readCachedPod }: Reads,
  now: () => number = () => performance.now(),
): ReadEarly {
  let unproved = 0;
  let distrustedUntil = Number.NEGATIVE_INFINITY;
  const orStored = async (cached: Promise<Pod | undefined>, pod: BoundPod, signal: AbortSignal) =>
    (await cached) ?? readPod(pod, signal);
  const readBoundPod: ReadBoundPod = (pod, signal) => orStored(readCachedPod(pod, signal), pod, signal);
  return ({ isForUs, pod }, signal) => {
    const isTrusted = unproved < MOST_UNPROVED && now() >= distrustedUntil;
    if (!isForUs || pod === undefined || !isTrusted) return { readBoundPod, settle: () => {} };
    unproved += 1;
    const early = readCachedPod(pod, signal);
    // Whoever uses it is told; where nobody does, nobody need be.
    early.catch(() => {});
    return {
      readBoundPod: (wanted, until) =>
        isSame(pod, wanted) ? orStored(early, wanted, until) : readBoundPod(wanted, until),
      settle(proved) {
        unproved -= 1;
        if (proved === undefined || !isSame(pod, proved)) distrustedUntil = now() + DISTRUST_MS;
      },
    };
  };
}

function isSame(one: BoundPod, other: BoundPod): boolean {
  return one.namespace === other.namespace && one.name === other.name && one.uid === other.uid;
}
