/** How secrets and parameters are read for Pods: what was read is kept, and AWS is asked as seldom as it goes. */
import type { Bounds } from "../bounded-cache.ts";
import { describeEntry } from "../reference/entry-plan.ts";
import type { AwsCalls } from "./aws-calls.ts";
import type { OnReadEvent } from "./read-event.ts";
import { keepValues } from "./value-cache.ts";
import type { Entries, EntryContent, Location, SecretsWorld } from "./world.ts";

export type Reads = Pick<SecretsWorld, "readStore" | "readEntry">;

export interface ReadsOptions {
  readonly calls: AwsCalls;
  /** `piggy-cache-ttl`, in milliseconds. */
  readonly ttlMs: number;
  readonly onEvent?: OnReadEvent | undefined;
  /** In milliseconds, never set back. */
  readonly now?: () => number;
}

/** Of each of the two. What is longest is a secret of 64 KiB, and most have less than one. */
const BOUNDS: Bounds = { entries: 5_000, bytes: 8 * 1024 * 1024 };
/** Of a value: what is around it in memory, about. */
const AROUND = 100;

/** @param store asked under the signal of each reading, and makes its calls through `calls` */
export function keepReads(store: Reads, { calls, ttlMs, onEvent, now }: ReadsOptions): Reads {
  const shared = { calls, ttlMs, bounds: BOUNDS, onEvent, now };
  return {
    readStore: keepValues({
      ...shared,
      read: store.readStore,
      sizeOf: sizeOfEntries,
      describe: describeStore,
    }),
    readEntry: keepValues({
      ...shared,
      read: store.readEntry,
      sizeOf: sizeOfContent,
      describe: describeEntry,
    }),
  };
}

function sizeOfEntries({ values, arns }: Entries): number {
  let size = AROUND + AROUND * arns.length;
  for (const [key, value] of values) size += AROUND + Buffer.byteLength(key) + Buffer.byteLength(value);
  return size;
}

function sizeOfContent({ value }: EntryContent): number {
  return AROUND + Buffer.byteLength(value);
}

function describeStore(location: Location): string {
  const what = location.kind === "secret" ? `secret ${location.name}` : `parameter path ${location.path}`;
  return `${what} in ${location.region}`;
}
