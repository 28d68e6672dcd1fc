/**
 * Data that would fill pages, said in a line. `{ $text: x, times: 9 }` stands for nine of the text one behind the
 * other; in a list `{ $entry: …, times: 9 }` for nine entries; in an object the keys `$keys` and `times` for nine keys,
 * each with `$value`, or an empty text. `#` in an entry or a key is its number, from 0.
 */
import { isJsonObject, type JsonValue } from "../../lib/json.ts";

export function written(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.flatMap(writtenEntry);
  if (!isJsonObject(value)) return value;
  const { $text, $keys, $value = "", times } = value;
  if (typeof times !== "number") {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, written(entry ?? null)]));
  }
  if (typeof $text === "string") return $text.repeat(times);
  const { $keys: _, $value: __, times: ___, ...others } = value;
  const keys = Array.from({ length: times }, (____, index) => String($keys).replaceAll("#", String(index)));
  return { ...others, ...Object.fromEntries(keys.map((key) => [key, written($value)])) };
}

function writtenEntry(entry: JsonValue): readonly JsonValue[] {
  if (!isJsonObject(entry) || entry["$entry"] === undefined) return [written(entry)];
  const one = JSON.stringify(written(entry["$entry"]));
  return Array.from({ length: Number(entry["times"]) }, (_, index) => {
    const numbered: JsonValue = JSON.parse(one.replaceAll("#", String(index)));
    return numbered;
  });
}
