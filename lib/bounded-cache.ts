/** Values that are worth keeping for a while, in no more memory than was granted: the least recently used goes. */

export interface Bounds {
  readonly entries: number;
  /** Of keys and values together, each as long as whoever puts it in says. */
  readonly bytes: number;
}

interface Entry<T> {
  readonly value: T;
  readonly size: number;
  readonly until: number;
  readonly timer: Timer | undefined;
}

export interface BoundedCache<T> {
  get(key: string): T | undefined;
  /**
   * Keeps a value for so many milliseconds, `Infinity` for as long as there is room. What has had its time is gone by
   * then, whether or not anybody looks.
   */
  put(key: string, value: T, size: number, lifetimeMs: number): void;
  remove(key: string): void;
  /** What is kept at the moment. */
  readonly held: Bounds;
}

/** What a timer can wait for, in milliseconds. Source: HTML Standard, "Timers". */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createBoundedCache<T>(bounds: Bounds, now: () => number): BoundedCache<T> {
  // A Map keeps the order of insertion: what was used is inserted again, so the first is the least recently used.
  const entries = new Map<string, Entry<T>>();
  let bytes = 0;
  /** The key that was used last. */
  let latest: string | undefined;
  const remove = (key: string) => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    bytes -= entry.size;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.until <= now()) {
        remove(key);
        return undefined;
      }
      if (key !== latest) {
        entries.delete(key);
        entries.set(key, entry);
        latest = key;
      }
      return entry.value;
    },
    put(key, value, valueSize, lifetimeMs) {
      remove(key);
      const size = key.length + valueSize;
      // One that is larger than everything together would push out all others and then itself.
      if (size > bounds.bytes) return;
      const timer = timerFor(lifetimeMs, () => remove(key));
      entries.set(key, { value, size, until: now() + lifetimeMs, timer });
      latest = key;
      bytes += size;
      for (const oldest of entries.keys()) {
        if (entries.size <= bounds.entries && bytes <= bounds.bytes) break;
        remove(oldest);
      }
    },
    remove,
    get held() {
      return { entries: entries.size, bytes };
    },
  };
}

function timerFor(lifetimeMs: number, onEnd: () => void): Timer | undefined {
  if (lifetimeMs === Number.POSITIVE_INFINITY) return undefined;
  const timer = setTimeout(onEnd, Math.min(lifetimeMs, LONGEST_TIMER_MS));
  // What is kept is no reason to go on running.
  timer.unref();
  return timer;
}
