/** What a reference to a store entry takes of the entry's content. Source: RFC 6901, "JSON Pointer". */
import { type ErrorCode, PiggyError } from "../error.ts";
import { exactText, isExactObject, parseExactJson } from "../exact-json.ts";
import { type JsonValue, own } from "../json.ts";
import { isOwnVariable } from "../variables.ts";
import { describeEntry, type EntryFetch } from "./entry-plan.ts";
import { describeNearest, MOST_NEAREST } from "./nearest.ts";
import type { StoreEntry } from "./store-entry.ts";

export interface EntryValues {
  readonly values: ReadonlyMap<string, string>;
  /** Why a key has none: `reference_unresolved` for what is not there, `secret_not_keyed`, `secret_not_text`. */
  readonly failures: ReadonlyMap<string, PiggyError>;
}

/** In characters; no environment holds more, whatever the limit of the stack. Source: execve(2), "Limits on size". */
const MOST_TEXT = 6 * 1024 * 1024;

/** Names among the known that a name may have been meant to be. */
export type Suggest = (name: string, known: Iterable<string>, most: number) => readonly string[];

/**
 * The values of all references to one entry.
 * @param content bytes of a binary secret, text of all else
 * @param suggest without it nothing is said of the keys that are there
 * @throws PiggyError `request_invalid` when they are more than an environment holds: each of thousands of pointers may
 * name nearly the whole of a secret.
 */
export function valuesOf(
  { location, wanted }: EntryFetch,
  content: string | Uint8Array,
  suggest: Suggest = () => [],
): EntryValues {
  const described = describeEntry(location);
  const values = new Map<string, string>();
  const failures = new Map<string, PiggyError>();
  const read = readerOf(content, suggest);
  let length = 0;
  for (const { key, entry } of wanted) {
    const value = read(entry);
    if (typeof value !== "string") {
      failures.set(key, new PiggyError(value.code, `${described} ${value.reason}`));
      continue;
    }
    values.set(key, value);
    length += value.length;
    if (length > MOST_TEXT) {
      throw new PiggyError(
        "request_invalid",
        `the references to ${described} are for more than 6 MiB of text`,
      );
    }
  }
  return { values, failures };
}

/** The JSON of an entry's content, text or bytes; undefined where it is none. */
export function jsonIn(content: string | Uint8Array): JsonValue | undefined {
  const text = textIn(content);
  return text === undefined ? undefined : parseExactJson(text);
}

interface Fault {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Of one entry; each is compared with all keys of an object. */
const MOST_SUGGESTIONS = 2;

/** Reads the JSON once, and only for whom there is a pointer. */
function readerOf(content: string | Uint8Array, suggest: Suggest): (entry: StoreEntry) => string | Fault {
  let suggestions = 0;
  let json: { readonly value: JsonValue | undefined } | undefined;
  return (entry) => {
    if (entry.kind === "parameter" || entry.pointer === undefined) {
      const isBase64 = entry.kind === "secret" && entry.isBase64;
      return isBase64 ? base64Of(content) : (textIn(content) ?? NO_TEXT);
    }
    json ??= { value: jsonIn(content) };
    if (json.value === undefined) return NO_JSON;
    const value = exactText(valueAt(json.value, entry.pointer));
    if (value === undefined) {
      suggestions += 1;
      const nearest = suggestions > MOST_SUGGESTIONS ? [] : nearestAt(json.value, entry.pointer, suggest);
      return nothingAt(entry.pointer, nearest);
    }
    return entry.isBase64 ? base64Of(value) : value;
  };
}

const NO_TEXT: Fault = {
  code: "secret_not_text",
  reason: "is not UTF-8 text: add ?encoding=base64 to take its bytes",
};
const NO_JSON: Fault = {
  code: "secret_not_keyed",
  reason: "is not JSON, so there is nothing for a pointer in it",
};

const NO_BYTES: Fault = {
  code: "secret_not_text",
  reason: "has half of a surrogate pair there, for which UTF-8 has no bytes",
};

function base64Of(content: string | Uint8Array): string | Fault {
  if (typeof content === "string" && !content.isWellFormed()) return NO_BYTES;
  return Buffer.from(content).toString("base64");
}

function nothingAt(pointer: readonly string[], nearest: readonly string[]): Fault {
  const at = pointer.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  const reason = `has no value at ${JSON.stringify(at)}${describeNearest(nearest)}`;
  return { code: "reference_unresolved", reason };
}

/** Of the keys that stand where the pointer's last segment was looked for. */
function nearestAt(json: JsonValue, pointer: readonly string[], suggest: Suggest): readonly string[] {
  const last = pointer.at(-1);
  const parent = valueAt(json, pointer.slice(0, -1));
  if (last === undefined || isOwnVariable(last) || !isExactObject(parent)) return [];
  const names = Object.keys(parent).filter((name) => !isOwnVariable(name));
  return suggest(last, names, MOST_NEAREST);
}

/** A byte order mark is a part of the text, as any other byte is. */
function textIn(content: string | Uint8Array): string | undefined {
  if (typeof content === "string") return content;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** The policy and the settings that may stand in a secret are not the application's. */
function valueAt(json: JsonValue, pointer: readonly string[]): JsonValue | undefined {
  const [first] = pointer;
  if (first !== undefined && isOwnVariable(first)) return undefined;
  let value: JsonValue | undefined = json;
  for (const segment of pointer) value = memberOf(value, segment);
  return value;
}

const INDEX = /^(?:0|[1-9]\d*)$/;

function memberOf(value: JsonValue | undefined, segment: string): JsonValue | undefined {
  if (Array.isArray(value)) return INDEX.test(segment) ? value[Number(segment)] : undefined;
  return isExactObject(value) ? own(value, segment) : undefined;
}
