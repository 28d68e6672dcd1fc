/** The look-up of ConfigMaps and Secrets, as admission needs it. */
import type { Deadline } from "../deadline.ts";
import type { ObjectName } from "../pod.ts";

/** An object's keys and texts, or why they are not to be seen: it is not there, or we may not read it. */
export type ObjectContent =
  | { readonly seen: true; readonly data: ReadonlyMap<string, string> }
  | { readonly seen: false; readonly reason: "absent" | "forbidden" };

/**
 * @throws PiggyError when the API server cannot say, which is not the same as the object being absent.
 */
export type ReadObject = (
  namespace: string,
  object: ObjectName,
  signal: AbortSignal,
) => Promise<ObjectContent>;

/** Reads each object once, whatever the number of containers that name it. */
export function readOnce(read: ReadObject, namespace: string, deadline: Pick<Deadline, "signal">) {
  const contents = new Map<string, Promise<ObjectContent>>();
  return (object: ObjectName): Promise<ObjectContent> => {
    const key = `${object.kind}/${object.name}`;
    const known = contents.get(key);
    if (known !== undefined) return known;
    const content = read(namespace, object, deadline.signal);
    contents.set(key, content);
    return content;
  };
}
