/** Pseudo-random JSON: the same for the same seed, so that a failure can be looked at again. */
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { isJsonObject } from "../../lib/json.ts";

export interface JsonGenerator {
  /** A value nested no deeper than so. */
  value(depth: number): JsonValue;
  /** The value with some of its parts added, removed, replaced or moved. */
  changed(value: JsonValue): JsonValue;
}

const KEYS = ["name", "mountPath", "a", "b", "a/b", "m~n", "~1", "", "toString", "0", "-"];
const TEXTS = ["", "x", "y", "piggy:KEY", "0", "a b"];

export function createJsonGenerator(seed: number): JsonGenerator {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = <T>(choices: readonly T[], otherwise: T): T => choices[below(choices.length)] ?? otherwise;

  const scalar = (): JsonValue => oneOf<JsonValue>([null, true, false, 0, 1, -1.5, oneOf(TEXTS, "")], null);
  const key = () => oneOf(KEYS, "");
  const value = (depth: number): JsonValue => {
    const kind = depth === 0 ? 0 : below(4);
    if (kind <= 1) return scalar();
    const length = below(5);
    return kind === 2
      ? Array.from({ length }, () => value(depth - 1))
      : Object.fromEntries(Array.from({ length }, () => [key(), value(depth - 1)]));
  };

  const changedList = (list: readonly JsonValue[]): JsonValue => {
    const entries = list.flatMap((entry) =>
      below(6) === 0 ? [] : [below(3) === 0 ? changed(entry) : entry],
    );
    if (below(3) === 0) entries.splice(below(entries.length + 1), 0, value(2));
    if (below(5) === 0) entries.reverse();
    return entries;
  };
  const changedObject = (object: JsonObject): JsonValue => {
    const entries = Object.entries(object).flatMap(([name, entry]) =>
      below(6) === 0 ? [] : [[name, below(3) === 0 ? changed(entry ?? null) : entry] as const],
    );
    return Object.fromEntries(below(3) === 0 ? [...entries, [key(), value(2)] as const] : entries);
  };
  const changed = (before: JsonValue): JsonValue => {
    if (Array.isArray(before)) return changedList(before);
    return isJsonObject(before) && below(8) > 0 ? changedObject(before) : value(2);
  };
  return { value, changed };
}

/** A generator of numbers from 0 up to 1, with 32 bits of state. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
