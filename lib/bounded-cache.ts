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
}

export interface BoundedCache<T> {
  get(key: string): T | undefined;
  /** Keeps a value for so many milliseconds, `Infinity` for as long as there is room. */
  put(key: string, value: T, size: number, lifetimeMs: number): void;
}

export function createBoundedCache<T>(bounds: Bounds, now: () => number): BoundedCache<T> {
  // A Map keeps the order of insertion: what was used is inserted again, so the first is the least recently used.
  const entries = new Map<string, Entry<T>>();
  let bytes = 0;
  const remove = (key: string) => {
    bytes -= entries.get(key)?.size ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.until > now()) {
        entries.set(key, entry);
        return entry.value;
      }
      bytes -= entry.size;
      return undefined;
    },
    put(key, value, valueSize, lifetimeMs) {
      remove(key);
      const size = key.length + valueSize;
      // One that is larger than everything together would push out all others and then itself.
      if (size > bounds.bytes) return;
      entries.set(key, { value, size, until: now() + lifetimeMs });
      bytes += size;
      for (const oldest of entries.keys()) {
        if (entries.size <= bounds.entries && bytes <= bounds.bytes) break;
        remove(oldest);
      }
    },
  };
}
