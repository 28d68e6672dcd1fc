/** A service account's imagePullSecrets, kept for the Pods of one controller, which come all at once. */
import { createBoundedCache } from "../bounded-cache.ts";
import type { Ending } from "../deadline.ts";
import type { PullSecrets } from "./lookup.ts";

type Read = (namespace: string, name: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Their names alone: what is in the Secrets is read for each Pod. Somebody who mends an account tries again soon. */
const LIFETIME_MS = 5_000;
const BOUNDS = { entries: 2_000, bytes: 1024 * 1024 };

/** The clock is in milliseconds and never set back. */
export function keepAccountSecrets(
  read: Read,
  now: () => number = () => performance.now(),
): PullSecrets["ofServiceAccount"] {
  const kept = createBoundedCache<readonly string[]>(BOUNDS, now);
  const readAnew = async (key: string, namespace: string, name: string, ending: Ending) => {
    const names = await read(namespace, name, ending.signal);
    kept.put(key, names, names.join().length, LIFETIME_MS);
    return names;
  };
  return (namespace, name, ending) => {
    const key = `${namespace}/${name}`;
    return kept.get(key) ?? readAnew(key, namespace, name, ending);
  };
}
