/**
 * The fields of an object of the API's, checked as they are read. `at` is where the object stands, with a dot at its
 * end, within the entry of the list that is being read; whoever reads the list adds where that is.
 */
import { PiggyError } from "./error.ts";
import { holdsStrings, isJsonObject, type JsonObject, type JsonValue, own } from "./json.ts";

/** Stands for an object that is not there. */
export const NOTHING: JsonObject = {};
const NO_ENTRIES: readonly never[] = [];

/** What is wrong, and where within what has been read so far. */
class Misfit extends Error {
  readonly at: string;
  readonly what: string;

  constructor(at: string, what: string) {
    super();
    this.at = at;
    this.what = what;
  }
}

/** Runs a reader. @throws PiggyError `pod_invalid`, naming the field */
export function inWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new PiggyError("pod_invalid", `${error.at} ${error.what}`);
  }
}

export function objectAt(value: unknown, at: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new Misfit(at, "is not an object");
}

/** Of a list's entry, which whoever reads the list says the place of. */
export function objectIn(entry: JsonValue): JsonObject {
  return objectAt(entry, "");
}

export function stringIn(entry: JsonValue): string {
  if (typeof entry === "string") return entry;
  throw new Misfit("", "is not a string");
}

export function optionalObject(parent: JsonObject, field: string, at: string): JsonObject {
  const value = own(parent, field);
  if (value === undefined || value === null) return NOTHING;
  return isJsonObject(value) ? value : objectAt(value, at + field);
}

export function optionalString(parent: JsonObject, field: string, at: string): string | undefined {
  const value = own(parent, field);
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return undefined;
  throw new Misfit(at + field, "is not a string");
}

/**
 * Each entry of a list. Where one stands is put together only when there is something to say of it: there are dozens
 * in every Pod.
 */
export function listOf<T>(
  parent: JsonObject,
  field: string,
  at: string,
  read: (entry: JsonValue) => T,
): readonly T[] {
  const list = own(parent, field);
  if (list === undefined || list === null) return NO_ENTRIES;
  if (!isList(list)) throw new Misfit(at + field, "is not a list");
  const entries: T[] = [];
  for (const entry of list) {
    try {
      entries.push(read(entry));
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const within = error.at === "" ? "" : `.${error.at}`;
      throw new Misfit(`${at}${field}[${entries.length}]${within}`, error.what);
    }
  }
  return entries;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function stringMap(parent: JsonObject, field: string, at: string): Readonly<Record<string, string>> {
  const map = optionalObject(parent, field, at);
  if (holdsStrings(map)) return map;
  const key = Object.keys(map).find((name) => typeof map[name] !== "string");
  throw new Misfit(`${at}${field}[${JSON.stringify(key)}]`, "is not a string");
}
