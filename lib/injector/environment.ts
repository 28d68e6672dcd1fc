/**
 * The container's environment, parted into what is Piggy's and what is the application's. Loops stand where find,
 * Array.from and Object.fromEntries would: these are written in JavaScript, and compiling each takes up to a tenth of a
 * millisecond of every start.
 */
import type { Reference } from "../reference/reference.ts";
import { type Part, parseValue } from "../reference/value.ts";
import { isOwnVariable, MENTIONS_IN } from "../variables.ts";
import { textOf } from "./bytes.ts";

export interface Variable {
  /** `NAME=value` as bytes. */
  readonly entry: string;
  readonly name: string;
  /** What the value is made of, texts and defaults as bytes, keys as text; undefined where nothing is to be done. */
  readonly parts: readonly Part[] | undefined;
}

export interface ContainerEnvironment {
  /** Piggy's own variables, as text. */
  readonly own: ReadonlyMap<string, string>;
  /** Everything else, in order. */
  readonly variables: readonly Variable[];
  /** By a variable's name its value with marks around what it mentions, as bytes. */
  readonly marked: ReadonlyMap<string, string>;
}

export function parseEnvironment(entries: readonly string[]): ContainerEnvironment {
  const own = new Map<string, string>();
  const variables: Variable[] = [];
  const marked = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    const name = equals < 0 ? entry : entry.slice(0, equals);
    const value = equals < 0 ? "" : entry.slice(equals + 1);
    if (!isOwnVariable(name)) variables.push({ entry, name, parts: partsOf(value) });
    else if (name.startsWith(MENTIONS_IN)) marked.set(name.slice(MENTIONS_IN.length), value);
    else own.set(name, textOf(value));
  }
  return { own, variables, marked };
}

/** The notation is ASCII, so it is read from bytes, and what stands around it may be of any. */
function partsOf(bytes: string): readonly Part[] | undefined {
  return parseValue(bytes)?.map(withKeyAsText);
}

export function withKeyAsText(part: Part): Part {
  return typeof part === "string" ? part : { ...part, key: textOf(part.key) };
}

/** The references of a variable, in order. */
export function referencesOf({ parts = [] }: Variable): readonly Reference[] {
  return parts.filter((part) => typeof part !== "string");
}

/** The environment with Piggy's own variables that it does not have itself. */
export function withDefaults(
  environment: ContainerEnvironment,
  defaults: ReadonlyMap<string, string>,
): ContainerEnvironment {
  return defaults.size === 0
    ? environment
    : { ...environment, own: new Map([...defaults, ...environment.own]) };
}

/**
 * The application's environment: every variable as it came, or with its references' values in their places. One with
 * a reference that has no value stays as it came.
 * @param valueFor as bytes
 */
export function resolvedEntries(
  variables: readonly Variable[],
  valueFor: (reference: Reference) => string | undefined,
): readonly string[] {
  return variables.map(({ entry, name, parts }) => {
    if (parts === undefined) return entry;
    let resolved = `${name}=`;
    for (const part of parts) {
      const bytes = typeof part === "string" ? part : valueFor(part);
      if (bytes === undefined) return entry;
      resolved += bytes;
    }
    return resolved;
  });
}

/** The first of a name, as getenv finds it: an entry without `=` is none. */
export function variableOf(variables: readonly Variable[], name: string): Variable | undefined {
  const prefix = `${name}=`;
  for (const variable of variables) if (variable.entry.startsWith(prefix)) return variable;
  return undefined;
}

/** The first value of a name, as getenv finds it. */
export function lookUp(entries: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  for (const entry of entries) if (entry.startsWith(prefix)) return entry.slice(prefix.length);
  return undefined;
}

/** The application's environment by name, as text; of a name the variable that `variableOf` finds. */
export function environmentByName(variables: readonly Variable[]): Readonly<Record<string, string>> {
  const byName: Record<string, string> = Object.create(null);
  for (const { entry, name } of variables) {
    if (entry !== name) byName[name] ??= textOf(entry.slice(name.length + 1));
  }
  return byName;
}
