/** Store entries as they stand in a container's spec. */
import { asSeenInside } from "../expansion.ts";
import { isStoreEntry } from "./reference.ts";
import { parseValue } from "./value.ts";

/** The keys of those that the values of its `env` name literally, each value read as the container will see it. */
export function writtenEntries(values: readonly string[]): ReadonlySet<string> {
  const entries = new Set<string>();
  for (const value of values) {
    for (const part of parseValue(asSeenInside(value)) ?? []) {
      if (typeof part !== "string" && isStoreEntry(part.key)) entries.add(part.key);
    }
  }
  return entries;
}
