/**
 * A container's environment as the kubelet will make it, as far as it can be known at admission: `envFrom` first,
 * then `env`, the later of two entries winning. Source: Kubernetes API reference, Container v1 core.
 */
import type { Container, ObjectName } from "../pod.ts";
import { parseReference } from "../reference/reference.ts";
import type { ObjectContent } from "./objects.ts";

/** An object that could not be read, so that what it will put into the environment is not known. */
export interface Unseen {
  readonly object: ObjectName;
  readonly reason: "absent" | "forbidden";
  readonly optional: boolean;
}

export interface ContainerEnvironment {
  /** The names that are sure to be set. */
  readonly names: ReadonlySet<string>;
  /** Whether a value is a reference. */
  readonly holdsReference: boolean;
  readonly unseen: readonly Unseen[];
}

/** A variable's value; undefined when it is there but not known, such as a field of the Pod. */
type Values = Map<string, string | undefined>;

export async function environmentOf(
  container: Container,
  read: (object: ObjectName) => Promise<ObjectContent>,
): Promise<ContainerEnvironment> {
  const unseen: Unseen[] = [];
  const values: Values = new Map();
  const sources = [...container.envFrom, ...container.env.flatMap((variable) => variable.from ?? [])];
  // All at once: the look-ups are round trips.
  const contents = await Promise.all(sources.map((source) => read(source.object)));
  const contentOf = new Map(sources.map((source, index) => [source, contents[index]]));

  const seenData = (source: (typeof sources)[number]) => {
    const content = contentOf.get(source);
    if (content?.seen) return content.data;
    unseen.push({
      object: source.object,
      reason: content?.reason ?? "absent",
      optional: source.optional,
    });
    return undefined;
  };

  for (const source of container.envFrom) {
    for (const [key, value] of seenData(source) ?? []) values.set(source.prefix + key, value);
  }
  for (const variable of container.env) {
    if (variable.from === undefined) {
      values.set(variable.name, variable.value);
      continue;
    }
    const value = seenData(variable.from)?.get(variable.from.key);
    // An optional key that the object does not have sets nothing; neither may one that is not seen.
    if (value !== undefined) values.set(variable.name, value);
  }
  return {
    names: new Set(values.keys()),
    holdsReference: [...values.values()].some(
      (value) => value !== undefined && parseReference(value) !== undefined,
    ),
    unseen,
  };
}
