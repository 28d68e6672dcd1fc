/** Lists of a Pod in which some entries are ours. */
import type { JsonObject } from "../json.ts";

/**
 * Brings the entries of a list that are ours to what they should be, each where it stands; what is not wanted any
 * more goes, what is not there yet comes last. Other entries stay as they are.
 */
export function bringTo(
  list: readonly JsonObject[],
  wanted: readonly JsonObject[],
  isOurs: (entry: JsonObject) => boolean,
): readonly JsonObject[] {
  // Nearly always nothing is there yet.
  if (!list.some(isOurs)) return wanted.length === 0 ? list : [...list, ...wanted];
  const missing = new Map(wanted.map((entry) => [entry["name"], entry]));
  const brought = list.flatMap((entry): readonly JsonObject[] => {
    if (!isOurs(entry)) return [entry];
    const replacement = missing.get(entry["name"]);
    missing.delete(entry["name"]);
    return replacement === undefined ? [] : [replacement];
  });
  return [...brought, ...missing.values()];
}
