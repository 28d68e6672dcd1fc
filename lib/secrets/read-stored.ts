/** The Pod's own secret or parameter path: read, judged, and of it the keys that were asked for. */
import { PiggyError } from "../error.ts";
import { isOwnVariable } from "../variables.ts";
import type { Grant } from "./authorize.ts";
import { Denial } from "./denial.ts";
import { missingKeys } from "./missing-keys.ts";
import type { EntriesAnswer, Judgement } from "./read-entries.ts";
import { type Sources, withSource } from "./said-by.ts";
import { whyNotAllowed } from "./service-account-policy.ts";
import type { Entries, SecretsWorld } from "./world.ts";

export interface StoredAnswer extends EntriesAnswer {
  readonly version: string | undefined;
  readonly arn: string | undefined;
  readonly awsRequestId: string | undefined;
}

const NOTHING: StoredAnswer = {
  values: new Map(),
  failures: new Map(),
  version: undefined,
  arn: undefined,
  awsRequestId: undefined,
};

/**
 * Beside store entries its failure is that of its own keys alone.
 * @throws Denial; PiggyError where nothing else was asked for
 */
export async function readStored(
  { location, keys: asked, entries, container }: Grant,
  { judgement, sources }: { readonly judgement: Judgement; readonly sources: Sources },
  readStore: SecretsWorld["readStore"],
  signal: AbortSignal,
): Promise<StoredAnswer> {
  if (location === undefined) return NOTHING;
  const keys = asked ?? [];
  const explained = (error: PiggyError) => withSource(error, location, sources);
  try {
    const stored = await readStore(location, signal);
    const reason = judgement.whyNotGiven(location, stored.arns) ?? whyNotAllowed(stored, judgement);
    if (reason !== undefined) throw new Denial(reason);
    const values = select(stored, asked);
    const missing = missingKeys(keys, values, location, stored, container);
    const failures =
      missing.size === 0 ? missing : new Map([...missing].map(([key, failure]) => [key, explained(failure)]));
    const { version, arns, requestId: awsRequestId } = stored;
    // A path has many, each of which its name says.
    const arn = location.kind === "secret" ? arns[0] : undefined;
    return { version, arn, awsRequestId, values, failures };
  } catch (error) {
    if (!(error instanceof PiggyError) || error instanceof Denial) throw error;
    const failure = explained(error);
    const hasOthers = entries.fetches.length + entries.failures.size > 0;
    if (!hasOthers) throw failure;
    return { ...NOTHING, failures: new Map(keys.map((key) => [key, failure])) };
  }
}

/** The policy and the settings that may stand in a secret are not the application's. */
function select(
  { values }: Entries,
  keys: readonly string[] = [...values.keys()],
): ReadonlyMap<string, string> {
  const selected = new Map<string, string>();
  for (const key of keys) {
    const value = isOwnVariable(key) ? undefined : values.get(key);
    if (value !== undefined) selected.set(key, value);
  }
  return selected;
}
