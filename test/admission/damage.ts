/** JSON of which something is missing, doubled or of another type. */
import { isJsonObject, type JsonValue } from "../../lib/json.ts";

export type Damage = "drop" | "duplicate" | "swap" | "null";

const copyOf = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value));

/** Takes what one of the values below is, counted in the order in which they stand, and puts something else there. */
export function damaged(value: JsonValue, damage: Damage, at: { left: number }): JsonValue {
  const entries = (list: readonly JsonValue[]) =>
    list.flatMap((entry) => {
      at.left -= 1;
      if (at.left !== 0) return [damaged(entry, damage, at)];
      if (damage === "drop") return [];
      return damage === "duplicate" ? [entry, copyOf(entry)] : [inPlaceOf(entry, damage)];
    });
  if (Array.isArray(value)) return entries(value);
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).flatMap(([name, field = null]) => {
    at.left -= 1;
    if (at.left !== 0) return [[name, damaged(field, damage, at)] as const];
    if (damage === "drop") return [];
    return damage === "duplicate"
      ? [[name, field] as const, [`${name}2`, copyOf(field)] as const]
      : [[name, inPlaceOf(field, damage)] as const];
  });
  return Object.fromEntries(fields);
}

function inPlaceOf(value: JsonValue, damage: Damage): JsonValue {
  if (damage === "null") return null;
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return { ...value };
  return isJsonObject(value) ? Object.keys(value) : String(value);
}
