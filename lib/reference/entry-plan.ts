/** Which entries of the stores are read for a container's references: each once, whatever the number of its keys. */
import { asPiggyError, PiggyError } from "../error.ts";
import { isRegion } from "../region.ts";
import type { Role } from "../role.ts";
import { parseStoreEntry, type StoreEntry } from "./store-entry.ts";

type SecretEntry = StoreEntry & { readonly kind: "secret" };
type ParameterEntry = StoreEntry & { readonly kind: "parameter" };

interface Place {
  readonly region: string;
  /** Undefined for one's own identity. */
  readonly role?: Role;
}

/** One call's worth: a store entry as it is read. */
export type EntryLocation =
  | (Pick<SecretEntry, "kind" | "name" | "version" | "stage"> & Place)
  | (Pick<ParameterEntry, "kind" | "name" | "version" | "label"> & Place);

export interface EntryFetch {
  readonly location: EntryLocation;
  /** The references that it serves. */
  readonly wanted: readonly { readonly key: string; readonly entry: StoreEntry }[];
}

export interface EntryPlan {
  readonly fetches: readonly EntryFetch[];
  /** The keys that nothing can be read for: `reference_invalid`, `region_invalid`. */
  readonly failures: ReadonlyMap<string, PiggyError>;
}

const NOTHING: EntryPlan = { fetches: [], failures: new Map() };

/**
 * @param keys what stands after `piggy:`
 * @param region where an entry is that names none
 */
export function planEntries(keys: readonly string[], region: string | undefined): EntryPlan {
  if (keys.length === 0) return NOTHING;
  const fetches = new Map<
    string,
    { location: EntryLocation; wanted: { key: string; entry: StoreEntry }[] }
  >();
  const failures = new Map<string, PiggyError>();
  for (const key of new Set(keys)) {
    try {
      const entry = parseStoreEntry(key);
      const location = locationOf(entry, entry.region ?? region);
      const same = JSON.stringify(location);
      const fetch = fetches.get(same) ?? { location, wanted: [] };
      fetch.wanted.push({ key, entry });
      fetches.set(same, fetch);
    } catch (error) {
      failures.set(key, asPiggyError(error, "reference_invalid"));
    }
  }
  return { fetches: [...fetches.values()], failures };
}

export function describeEntry({ kind, name, region }: EntryLocation): string {
  return `${kind} ${name} in ${region}`;
}

/** It goes into a host name, so nothing but a region may pass. Its members are always in the same order. */
function locationOf(entry: StoreEntry, region: string | undefined): EntryLocation {
  const { kind, name } = entry;
  const given = region
    ? `${JSON.stringify(region)} is not an AWS region`
    : "no AWS region: add ?region= to the reference, or set the annotation piggysec.com/aws-region";
  if (region === undefined || !isRegion(region)) {
    throw new PiggyError("region_invalid", `${kind} ${name}: ${given}`);
  }
  const version = entry.version === undefined ? {} : { version: entry.version };
  if (kind === "secret") {
    const { stage } = entry;
    // It is what neither a version nor a stage means.
    const isCurrent = stage === undefined || (stage === "AWSCURRENT" && entry.version === undefined);
    return { kind, name, region, ...version, ...(isCurrent ? {} : { stage }) };
  }
  return { kind, name, region, ...version, ...(entry.label === undefined ? {} : { label: entry.label }) };
}
