/** The store entries that a container asks for: each read once, side by side, and judged before anything of it is used. */
import { PiggyError } from "../error.ts";
import { nearestNames } from "../nearest-names.ts";
import type { EntryFetch, EntryLocation, EntryPlan } from "../reference/entry-plan.ts";
import { valuesOf } from "../reference/entry-value.ts";
import { createTurns } from "../turns.ts";
import { Denial } from "./denial.ts";
import { type Policy, whyEntryNotAllowed, whyNotReadable } from "./service-account-policy.ts";
import type { EntryContent, Location, SecretsWorld } from "./world.ts";

/** More than any container has, and as many as can be read in the time that a request has. */
const MOST_ENTRIES = 1_000;
/** Of one request at a time. */
const SIDE_BY_SIDE = 8;

const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** What decides whether an answer of AWS's may be given. */
export interface Judgement extends Policy {
  /** @param arns of all that is in the answer */
  readonly whyNotGiven: (location: Location | EntryLocation, arns: readonly string[]) => string | undefined;
}

/** An entry that was read, for the audit line. */
export interface EntryRead extends Omit<EntryContent, "value"> {
  readonly location: EntryLocation;
}

export interface EntriesAnswer {
  readonly values: ReadonlyMap<string, string>;
  /** Why a key has no value: what failed for one entry is nothing to the others. */
  readonly failures: ReadonlyMap<string, PiggyError>;
}

/**
 * @param onRead told of each entry as it is read, whatever is decided then
 * @throws Denial when the policy in one of them, or that there is none, refuses; PiggyError `request_invalid` for more
 * than can be answered.
 */
export async function readEntries(
  { fetches, failures }: EntryPlan,
  policy: Judgement,
  readEntry: SecretsWorld["readEntry"],
  onRead: (read: EntryRead) => void,
  signal: AbortSignal,
): Promise<EntriesAnswer> {
  if (fetches.length === 0) return { values: NO_VALUES, failures };
  refuseTooMany(fetches);
  for (const fetch of fetches) deny(whyNotReadable(fetch, policy));
  const inTurn = createTurns(SIDE_BY_SIDE);
  const answers = await Promise.all(
    fetches.map((fetch) => inTurn(() => readOne(fetch, policy, readEntry, onRead, signal))),
  );
  return {
    values: new Map(answers.flatMap(({ values }) => [...values])),
    failures: new Map([failures, ...answers.map((answer) => answer.failures)].flatMap((each) => [...each])),
  };
}

async function readOne(
  fetch: EntryFetch,
  policy: Judgement,
  readEntry: SecretsWorld["readEntry"],
  onRead: (read: EntryRead) => void,
  signal: AbortSignal,
): Promise<EntriesAnswer> {
  const { location } = fetch;
  try {
    const { value, ...read } = await readEntry(location, signal);
    onRead({ location, ...read });
    deny(policy.whyNotGiven(location, [read.arn ?? ""]));
    deny(whyEntryNotAllowed(fetch, value, policy));
    return valuesOf(fetch, value, nearestNames);
  } catch (error) {
    if (!(error instanceof PiggyError) || error.code === "not_allowed" || error.code === "request_invalid") {
      throw error;
    }
    return { values: new Map(), failures: new Map(fetch.wanted.map(({ key }) => [key, error])) };
  }
}

function refuseTooMany(fetches: readonly EntryFetch[]): void {
  if (fetches.length <= MOST_ENTRIES) return;
  throw new PiggyError(
    "request_invalid",
    `the container refers to ${fetches.length} secrets and parameters of their own: at most ${MOST_ENTRIES} are read`,
  );
}

function deny(reason: string | undefined): void {
  if (reason !== undefined) throw new Denial(reason);
}
