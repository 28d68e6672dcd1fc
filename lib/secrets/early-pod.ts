/**
 * The Pod is read beside the review of its token, not after it: what the token says of itself is right nearly always,
 * and a container waits for one answer of the API server instead of two. What was read is looked at when the review
 * names that very Pod, and never otherwise: nobody without a good token learns anything from it, or waits for it.
 *
 * A token that anybody made up costs the API server a read besides the review. So no more than a few are under way
 * before their tokens are known to be good, and after one that was not there are none for a second.
 */
import type { Pod } from "../pod.ts";
import type { Claims } from "./claims.ts";
import type { SecretsWorld } from "./world.ts";

type ReadPod = SecretsWorld["readPod"];
type PodName = NonNullable<Claims["pod"]>;

const MOST_UNPROVED = 32;
const DISTRUST_MS = 1_000;

export interface EarlyRead {
  /** The Pod, from the early read if that was it. */
  readonly readPod: ReadPod;
  /** What the review said of the token: the Pod that it is bound to, or nothing good. To be told once. */
  readonly settle: (proved: PodName | undefined) => void;
}

export type ReadEarly = (claims: Claims, signal: AbortSignal) => EarlyRead;

export function createEarlyReads(readPod: ReadPod, now: () => number = () => performance.now()): ReadEarly {
  let unproved = 0;
  let distrustedUntil = Number.NEGATIVE_INFINITY;
  return ({ isForUs, pod }, signal) => {
    const isTrusted = unproved < MOST_UNPROVED && now() >= distrustedUntil;
    if (!isForUs || pod === undefined || !isTrusted) return { readPod, settle: () => {} };
    unproved += 1;
    const early: Promise<Pod | undefined> = readPod(pod.namespace, pod.name, signal);
    // Whoever uses it is told; where nobody does, nobody need be.
    early.catch(() => {});
    return {
      readPod: (namespace, name, until) =>
        isSame(pod, { namespace, name }) ? early : readPod(namespace, name, until),
      settle(proved) {
        unproved -= 1;
        if (proved === undefined || !isSame(pod, proved)) distrustedUntil = now() + DISTRUST_MS;
      },
    };
  };
}

function isSame(one: PodName, other: PodName): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}
