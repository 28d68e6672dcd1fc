/** A parameter for whom only its path may be listed: policies that were written for paths do not allow GetParameter. */
import { PiggyError } from "../error.ts";
import type { EntryContent, EntryLocation } from "./entry.ts";
import { type PathLocation, parameterKey, type ReadStore } from "./store.ts";

/**
 * What `read` gives, or where it may not, what stands in the listing of the parameter's path.
 * @throws PiggyError that `read` threw: the action that it names is the one to allow
 */
export async function readByPathIfDenied(
  read: () => Promise<EntryContent>,
  location: EntryLocation,
  readStore: ReadStore,
  signal: AbortSignal,
): Promise<EntryContent> {
  try {
    return await read();
  } catch (error) {
    const path = pathOf(location);
    const isDenied = error instanceof PiggyError && error.code === "aws_access_denied";
    if (!isDenied || path === undefined) throw error;
    const listed = await readStore(path, signal).catch(() => undefined);
    const value = listed?.values.get(parameterKey(location.name));
    if (listed === undefined || value === undefined) throw error;
    const arn = listed.arns.find((each) => each.endsWith(`:parameter${location.name}`));
    return { value, version: undefined, arn, requestId: listed.requestId };
  }
}

/** A listing holds the last versions alone, and a parameter that is in no path is in none. */
function pathOf(location: EntryLocation): PathLocation | undefined {
  if (location.kind === "secret" || (location.version ?? location.label) !== undefined) return undefined;
  const end = location.name.lastIndexOf("/");
  if (!location.name.startsWith("/") || end === 0) return undefined;
  const role = location.role === undefined ? {} : { role: location.role };
  return { kind: "path", path: location.name.slice(0, end), region: location.region, isFlat: true, ...role };
}
