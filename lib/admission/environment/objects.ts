/** The look-up of ConfigMaps and Secrets, as admission needs it. */
import type { Deadline } from "../../deadline.ts";
import type { Container, EnvFile, ObjectName, ObjectSource } from "../../pod.ts";
import { createTurns } from "../../turns.ts";

/** Why an object is not to be seen: it is not there, we may not read it, or there is no cluster to ask. */
export type UnseenReason = "absent" | "forbidden" | "not looked up";

/** An object's keys and texts, or why they are not to be seen. */
export type ObjectContent =
  | { readonly seen: true; readonly data: ReadonlyMap<string, string> }
  | { readonly seen: false; readonly reason: UnseenReason };

/** What could not be read, so that what it will put into an environment is not known. */
export interface Unseen {
  readonly object: ObjectName | EnvFile;
  readonly reason: UnseenReason;
  readonly optional: boolean;
}

/**
 * @throws PiggyError when the API server cannot say, which is not the same as the object being absent.
 */
export type ReadObject = (
  namespace: string,
  object: ObjectName,
  signal: AbortSignal,
) => Promise<ObjectContent>;

/**
 * Far more than a Pod usually names, so that its look-ups run side by side. A Pod that names hundreds waits for itself,
 * and leaves others of its namespace their turns.
 */
const SIDE_BY_SIDE = 16;

/** Reads each object once, whatever the number of containers that name it, and so many at a time. */
export function readOnce(read: ReadObject, namespace: string, deadline: Pick<Deadline, "signal">) {
  const contents = new Map<string, Promise<ObjectContent>>();
  const turn = createTurns(SIDE_BY_SIDE);
  return (object: ObjectName): Promise<ObjectContent> => {
    const key = `${object.kind}/${object.name}`;
    const known = contents.get(key);
    if (known !== undefined) return known;
    const content = turn(() => read(namespace, object, deadline.signal));
    contents.set(key, content);
    return content;
  };
}

/** What is in the objects that a container's variables come from. */
export type Contents = ReadonlyMap<ObjectSource, ObjectContent>;

/**
 * Reads the objects that an environment comes from, side by side: the look-ups are round trips. Undefined where there
 * are none, so that nobody waits.
 */
export function readSources(
  { envFrom, env }: Container,
  read: (object: ObjectName) => Promise<ObjectContent>,
): Promise<Contents> | undefined {
  const sources: ObjectSource[] = [...envFrom];
  for (const { from } of env) if (from !== undefined) sources.push(from);
  if (sources.length === 0) return undefined;
  const pairs = sources.map(async (source) => [source, await read(source.object)] as const);
  return Promise.all(pairs).then((all) => new Map(all));
}
