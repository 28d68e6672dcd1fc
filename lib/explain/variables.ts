/** Which variable of a container holds which references, and where its value comes from. */
import type { ContainerEnvironment } from "../admission/environment.ts";
import type { Container, ObjectName } from "../pod.ts";
import { parseValue } from "../reference/value.ts";
import { keyOf, type SeenObject } from "./sources.ts";

export interface ReferenceAccount {
  readonly variable: string;
  /**
   * What follows `piggy:`: keys of the secret or parameter path, or `//…`, store entries of their own. None where there
   * is only an escaped `${piggy:` to be made text.
   */
  readonly keys: readonly string[];
  /**
   * `env`; `annotation NAME`; or `valueFrom` or `envFrom` with the ConfigMap or Secret, its key and, where it was read
   * from a manifest, that one's place in brackets.
   */
  readonly from: string;
}

type Objects = ReadonlyMap<string, SeenObject>;

interface Origin {
  readonly object: ObjectName;
  readonly key: string;
  readonly how: "valueFrom" | "envFrom";
}

/** No text around a reference is told, and no default: they may be of a Secret. */
export function referencesOf(
  container: Container,
  { values }: ContainerEnvironment,
  objects: Objects,
): readonly ReferenceAccount[] {
  return [...values].flatMap(([variable, value]) => {
    const parts = value === undefined ? undefined : parseValue(value);
    if (parts === undefined) return [];
    const keys = parts.flatMap((part) => (typeof part === "string" ? [] : [part.key]));
    return [{ variable, keys: [...new Set(keys)], from: sourceOf(container, variable, objects) }];
  });
}

function sourceOf(container: Container, variable: string, objects: Objects): string {
  const origin = originOf(container, variable, objects);
  if (origin !== undefined) return formatOrigin(origin, objects);
  const annotation = container.env.findLast(({ name }) => name === variable)?.annotation;
  return annotation === undefined ? "env" : `annotation ${annotation}`;
}

function formatOrigin({ object, key, how }: Origin, objects: Objects): string {
  const manifest = objects.get(keyOf(object))?.manifest;
  return `${how} ${keyOf(object)}, key ${key}${manifest === undefined ? "" : ` (${manifest})`}`;
}

/** The ConfigMap or Secret that a variable has its value from; undefined for one that is written in `env`. */
function originOf(container: Container, variable: string, objects: Objects): Origin | undefined {
  const dataOf = (object: ObjectName) => {
    const content = objects.get(keyOf(object))?.content;
    return content?.seen ? content.data : undefined;
  };
  const entry = container.env.findLast(
    ({ name, from }) => name === variable && (from === undefined || dataOf(from.object)?.has(from.key)),
  );
  if (entry !== undefined) return entry.from && { ...entry.from, how: "valueFrom" };
  const source = container.envFrom.findLast(
    ({ object, prefix }) => variable.startsWith(prefix) && dataOf(object)?.has(variable.slice(prefix.length)),
  );
  return source && { object: source.object, key: variable.slice(source.prefix.length), how: "envFrom" };
}
