/** Tells Pods what failed: beside the answer, which never waits for it, and no more than anybody wants to read. */
import { createBoundedCache } from "../bounded-cache.ts";
import { messageOf } from "../error.ts";
import type { Log } from "../log.ts";
import { isPassing, type Notice } from "./notice.ts";
import type { SecretsWorld } from "./world.ts";

/** How long a Pod is not told the same reason again: its injector asks until it is given up. */
const SILENCE_MS = 300_000;
/** How long what heals by itself has to last before it is told. Throttled once is noise, half a minute of it is not. */
const PATIENCE_MS = 30_000;
/** Failures farther apart are not the same. The injector pauses for 5 s at most, the kubelet soon for longer. */
const GAP_MS = 60_000;
/** How long a namespace is left alone in which the API server refuses Events. */
const REFUSED_MS = 600_000;
/** And how long a Pod, when no answer came. */
const UNANSWERED_MS = 30_000;
const TIMEOUT_MS = 5_000;
const MOST_UNDER_WAY = 8;
const MOST_A_MINUTE = 600;

const BOUNDS = { entries: 10_000, bytes: 4 * 1024 * 1024 };
/** Of an entry beside its key, about. In bytes. */
const SIZE = 64;

const ACTION = "ResolveReferences";

export interface ToldPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export type Tell = (pod: ToldPod, notices: readonly Notice[]) => void;

export interface EventsWorld {
  readonly createEvent: NonNullable<SecretsWorld["createEvent"]>;
  readonly log: Log;
  /** In milliseconds, from whenever. */
  readonly now: () => number;
}

export function createPodEvents({ createEvent, log, now }: EventsWorld): Tell {
  const occasions = createOccasions(now);
  const refused = createBoundedCache<true>(BOUNDS, now);
  const mayTell = createRate(now);
  let underWay = 0;

  const send = async (pod: ToldPod, notice: Notice) => {
    const fields = { namespace: pod.namespace, pod: pod.name, reason: notice.reason };
    underWay += 1;
    try {
      const occasion = `${notice.reason} ${Math.floor(Date.now() / SILENCE_MS)}`;
      const event = { ...notice, namespace: pod.namespace, pod, action: ACTION, occasion };
      const why = await createEvent(event, AbortSignal.timeout(TIMEOUT_MS));
      if (why === undefined) return;
      refused.put(pod.namespace, true, SIZE, REFUSED_MS);
      log("debug", "no Event on the Pod", { ...fields, why });
    } catch (error) {
      occasions.told(pod, notice, UNANSWERED_MS);
      log("debug", "no Event on the Pod", { ...fields, why: messageOf(error) });
    } finally {
      underWay -= 1;
    }
  };

  return (pod, notices) => {
    for (const notice of notices) {
      if (!occasions.isDue(pod, notice) || refused.get(pod.namespace)) continue;
      // It asks again.
      if (underWay >= MOST_UNDER_WAY || !mayTell()) continue;
      occasions.told(pod, notice, SILENCE_MS);
      void send(pod, notice);
    }
  };
}

/** Which Pod is to be told what, and when again. */
function createOccasions(now: () => number) {
  const told = createBoundedCache<true>(BOUNDS, now);
  const failingSince = createBoundedCache<number>(BOUNDS, now);
  const keyOf = ({ uid }: ToldPod, { reason }: Notice) => `${uid} ${reason}`;
  return {
    isDue(pod: ToldPod, notice: Notice): boolean {
      const key = keyOf(pod, notice);
      if (told.get(key)) return false;
      if (!isPassing(notice.reason)) return true;
      const since = failingSince.get(key) ?? now();
      failingSince.put(key, since, SIZE, GAP_MS);
      return now() - since >= PATIENCE_MS;
    },
    told(pod: ToldPod, notice: Notice, silenceMs: number): void {
      told.put(keyOf(pod, notice), true, SIZE, silenceMs);
    },
  };
}

/** For all Pods together. */
function createRate(now: () => number): () => boolean {
  let minute = { begun: now(), told: 0 };
  return () => {
    if (now() - minute.begun >= 60_000) minute = { begun: now(), told: 0 };
    minute.told += 1;
    return minute.told <= MOST_A_MINUTE;
  };
}
