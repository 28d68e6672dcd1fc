/**
 * The container's environment, parted into what is Piggy's and what is the application's. Loops stand where find,
 * Array.from and Object.fromEntries would: these are written in JavaScript, and compiling each takes up to a tenth of a
 * millisecond of every start.
 */
import { parseReference, type Reference } from "../reference/reference.ts";
import { isOwnVariable } from "../variables.ts";
import { bytesOf, textOf } from "./bytes.ts";

export interface Variable {
  /** `NAME=value` as bytes. */
  readonly entry: string;
  readonly name: string;
  readonly reference: Reference | undefined;
}

export interface ContainerEnvironment {
  /** Piggy's own variables, as text. */
  readonly own: ReadonlyMap<string, string>;
  /** Everything else, in order. */
  readonly variables: readonly Variable[];
}

export function parseEnvironment(entries: readonly string[]): ContainerEnvironment {
  const own = new Map<string, string>();
  const variables: Variable[] = [];
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    const name = equals < 0 ? entry : entry.slice(0, equals);
    const value = equals < 0 ? "" : entry.slice(equals + 1);
    if (isOwnVariable(name)) own.set(name, textOf(value));
    else variables.push({ entry, name, reference: parseReference(textOf(value)) });
  }
  return { own, variables };
}

/** The environment with Piggy's own variables that it does not have itself. */
export function withDefaults(
  { own, variables }: ContainerEnvironment,
  defaults: ReadonlyMap<string, string>,
): ContainerEnvironment {
  return defaults.size === 0 ? { own, variables } : { own: new Map([...defaults, ...own]), variables };
}

/** The application's environment: every variable as it came, a resolved reference's value in its place. */
export function resolvedEntries(
  variables: readonly Variable[],
  valueFor: (reference: Reference) => string | undefined,
): readonly string[] {
  return variables.map(({ entry, name, reference }) => {
    const value = reference === undefined ? undefined : valueFor(reference);
    return value === undefined ? entry : `${name}=${bytesOf(value)}`;
  });
}

/** The first of a name, as getenv finds it. */
export function variableOf(variables: readonly Variable[], name: string): Variable | undefined {
  for (const variable of variables) if (variable.name === name) return variable;
  return undefined;
}

/** The first value of a name, as getenv finds it. */
export function lookUp(entries: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  for (const entry of entries) if (entry.startsWith(prefix)) return entry.slice(prefix.length);
  return undefined;
}

/** The application's environment by name, as text. Of several values of a name the first, as getenv finds it. */
export function environmentByName(variables: readonly Variable[]): Readonly<Record<string, string>> {
  const byName: Record<string, string> = Object.create(null);
  for (const { entry, name } of variables) byName[name] ??= textOf(entry.slice(name.length + 1));
  return byName;
}
