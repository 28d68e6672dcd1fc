/** JSON as it came off the wire: what is not known is kept, what is read is checked first. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that a value is; one without fields where it is none. */
export function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : NO_FIELDS;
}

const NO_FIELDS: JsonObject = {};

/** The string that a value is, if it is one. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Those of a list that are strings; none where it is no list. */
export function stringsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter((entry) => typeof entry === "string");
}

/** Those of a list that are objects; none where it is no list. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/**
 * The value of an object's own key. `object[key]` would also find `constructor` and its like on the prototype.
 */
export function own(object: JsonObject, key: string): JsonValue | undefined {
  const value = object[key];
  // Of the API's fields most are not there.
  return value === undefined || Object.hasOwn(object, key) ? value : undefined;
}

/** Whether each value is a string. The object itself then serves: a copy of its names would cost more than to look. */
export function holdsStrings(object: JsonObject): object is Readonly<Record<string, string>> {
  for (const name in object) if (typeof object[name] !== "string") return false;
  return true;
}

/** The text as a JSON value, or undefined when it is not JSON. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
