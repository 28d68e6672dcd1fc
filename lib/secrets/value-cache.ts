/**
 * What was read of AWS, kept for the Pods that come next. Whether a Pod may have it is decided for each, elsewhere:
 * here is only what AWS gives to the identity that asks.
 */
import { type Bounds, createBoundedCache } from "../bounded-cache.ts";
import { asPiggyError, PiggyError } from "../error.ts";
import { createSingleFlight } from "../single-flight.ts";
import type { AwsCalls } from "./aws-calls.ts";
import { mayHeal } from "./healing.ts";
import type { OnReadEvent } from "./read-event.ts";

/** L is everything that determines an answer, as plain data. */
export interface KeepOptions<L extends object, T> {
  readonly read: (location: L, signal: AbortSignal) => Promise<T>;
  readonly calls: Pick<AwsCalls, "begin">;
  /** How long a value is answered with, in milliseconds; 0 keeps nothing. It is kept once as long for when AWS fails. */
  readonly ttlMs: number;
  /** In bytes, at least. */
  readonly sizeOf: (value: T) => number;
  /** As in "secret shop/cart in eu-west-1". */
  readonly describe: (location: L) => string;
  readonly bounds: Bounds;
  /** In milliseconds, never set back. */
  readonly now?: (() => number) | undefined;
  readonly onEvent?: OnReadEvent | undefined;
}

interface Kept<T> {
  readonly value: T;
  readonly freshUntil: number;
  readonly until: number;
}

/** A call is ended when nobody has waited for it so long: what it brings by then serves the next who asks. */
const ALONE_MS = 5_000;
/** How long somebody waits for AWS for whom there is a value past its time, if that is good for twice as long. */
const STALE_PATIENCE_MS = 2_000;

/**
 * Reads by one call at a time for each location, and keeps the value. Failures are not kept.
 * @throws PiggyError, what the reading threw; `aws_throttled`, `aws_unavailable` when the signal ends first
 */
export function keepValues<L extends object, T>(
  options: KeepOptions<L, T>,
): (location: L, signal: AbortSignal) => Promise<T> {
  const { read, calls, ttlMs, sizeOf, describe, bounds, now = () => performance.now(), onEvent } = options;
  const cache = createBoundedCache<Kept<T>>(bounds, now);
  const share = createSingleFlight<T>(ALONE_MS);
  /** Why those under way are not there yet. */
  const failures = new Map<string, PiggyError>();

  const keep = (key: string, value: T) => {
    if (ttlMs === 0) return;
    const freshUntil = now() + ttlMs;
    cache.put(key, { value, freshUntil, until: freshUntil + ttlMs }, sizeOf(value), 2 * ttlMs);
  };
  /** Only what AWS itself said of the value: that too much else is asked is no reason to forget it. */
  const drop = (key: string, error: unknown) => {
    if (mayHeal(error) || asPiggyError(error, "aws_error").code === "overloaded") return;
    if (cache.get(key) === undefined) return;
    cache.remove(key);
    onEvent?.({ kind: "dropped", code: asPiggyError(error, "aws_error").code });
  };
  const fly = async (key: string, location: L, signal: AbortSignal, awaited: () => AbortSignal) => {
    calls.begin(signal, { awaited, onFailure: (failure) => failures.set(key, failure) });
    try {
      const value = await read(location, signal);
      keep(key, value);
      return value;
    } catch (error) {
      drop(key, error);
      throw error;
    } finally {
      failures.delete(key);
    }
  };

  return async (location, signal) => {
    const key = keyOf(location);
    const kept = cache.get(key);
    if (kept !== undefined && kept.freshUntil > now()) {
      onEvent?.({ kind: "read", from: "kept" });
      return kept.value;
    }
    let from: "call" | "shared" = "shared";
    try {
      const value = await share({
        key,
        signal: kept === undefined ? signal : patience(signal, kept.until - now()),
        run: (ownSignal, awaited) => {
          from = "call";
          return fly(key, location, ownSignal, awaited);
        },
        late: () =>
          failures.get(key) ?? new PiggyError("aws_unavailable", `${describe(location)}: no answer in time`),
      });
      onEvent?.({ kind: "read", from });
      return value;
    } catch (error) {
      const { code } = asPiggyError(error, "aws_error");
      const stale = mayHeal(error) ? cache.get(key) : undefined;
      onEvent?.({ kind: "read", from: stale === undefined ? "failed" : "stale", code });
      if (stale === undefined) throw error;
      return stale.value;
    }
  };
}

/** In what is left of a stale value's time there must be some to answer with it. */
function patience(signal: AbortSignal, leftMs: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(Math.min(STALE_PATIENCE_MS, leftMs / 2))]);
}

/**
 * The same for locations of the same content, in whatever order it was put together.
 * @throws TypeError for what is no plain data: a Map has no content as JSON, so two would be one and the same
 */
export function keyOf(location: object): string {
  return JSON.stringify(inOrder(location));
}

function inOrder(value: object): object {
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new TypeError("a location is plain data alone");
  const ordered: Record<string, unknown> = {};
  const entries: Readonly<Record<string, unknown>> = { ...value };
  for (const name of Object.keys(entries).sort()) {
    const member = entries[name];
    ordered[name] = typeof member === "object" && member !== null ? inOrder(member) : member;
  }
  return ordered;
}
