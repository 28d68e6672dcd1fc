/** Store entries in standalone mode; loaded where a reference names one. */
import type { Store, StoreLocation } from "../aws/store.ts";
import { asPiggyError, type PiggyError } from "../error.ts";
import { type EntryFetch, type EntryLocation, planEntries } from "../reference/entry-plan.ts";
import { valuesOf } from "../reference/entry-value.ts";
import { isStoreEntry } from "../reference/reference.ts";
import { createTurns } from "../turns.ts";
import type { Findings } from "./resolution.ts";
import type { Sources } from "./standalone-failure.ts";

/** Each has a connection of its own. */
const SIDE_BY_SIDE = 4;

export interface EntryQuery {
  readonly keys: readonly string[];
  /** What the other keys are of; undefined where there are none. */
  readonly location: StoreLocation | undefined;
  /** Where an entry is that names no region. */
  readonly region: string | undefined;
  readonly store: Store;
  readonly sources: Sources;
  readonly readOthers: (keys: readonly string[], location: StoreLocation) => Promise<Findings>;
  /** Connects to where a location is, while it is found out who asks. */
  readonly connectFor: (location: EntryLocation) => void;
  readonly signal: AbortSignal;
}

/** Reads side by side what the keys are of. What failed for one of them is nothing to the others. */
export async function askForEntries(query: EntryQuery): Promise<Findings> {
  const { keys, location, region, connectFor } = query;
  const { fetches, failures } = planEntries(keys.filter(isStoreEntry), region);
  const [first] = fetches;
  if (location === undefined && first !== undefined) connectFor(first.location);
  const inTurn = createTurns(SIDE_BY_SIDE);
  const reads = fetches.map((fetch) => () => readEntry(fetch, query));
  if (location !== undefined) {
    const others = keys.filter((key) => !isStoreEntry(key));
    reads.unshift(() => readOthers(others, location, query));
  }
  const found = await Promise.all(reads.map((read) => inTurn(read)));
  return {
    values: new Map(found.flatMap(({ values }) => [...values])),
    failures: new Map([...failures, ...found.flatMap((each) => [...each.failures])]),
  };
}

async function readEntry(fetch: EntryFetch, { store, sources, signal }: EntryQuery): Promise<Findings> {
  try {
    const { value } = await store.readEntry(fetch.location, signal);
    const found = valuesOf(fetch, value);
    if (found.failures.size === 0) return found;
    const { nearestNames } = await import("../nearest-names.ts");
    return valuesOf(fetch, value, nearestNames);
  } catch (error) {
    const { withSource } = await import("./standalone-failure.ts");
    const isRegionNamed = fetch.wanted.some(({ entry }) => entry.region !== undefined);
    return failed(
      fetch.wanted.map(({ key }) => key),
      asPiggyError(withSource(error, fetch.location, sources, isRegionNamed), "aws_error"),
    );
  }
}

async function readOthers(
  keys: readonly string[],
  location: StoreLocation,
  query: EntryQuery,
): Promise<Findings> {
  try {
    return await query.readOthers(keys, location);
  } catch (error) {
    return failed(keys, asPiggyError(error, "aws_error"));
  }
}

function failed(keys: readonly string[], failure: PiggyError): Findings {
  return { values: new Map(), failures: new Map(keys.map((key) => [key, failure])) };
}
