/** What was found out about a container's references. */
import { isAbsence, PiggyError } from "../error.ts";
import { formatReference, isStoreEntry, type Reference } from "../reference/reference.ts";
import { bytesOf } from "./bytes.ts";
import { referencesOf, type Variable } from "./environment.ts";

export interface Findings {
  /** The values of the keys that are there. Keys that are not have none. */
  readonly values: ReadonlyMap<string, string>;
  /** Why a key has none, where that is known of the key itself. */
  readonly failures: ReadonlyMap<string, PiggyError>;
}

/** The keys that the variables refer to, each once. */
export function referencedKeys(variables: readonly Variable[]): readonly string[] {
  const seen = new Set<string>();
  const keys: string[] = [];
  for (const variable of variables) {
    for (const { key } of referencesOf(variable)) {
      if (seen.has(key)) continue;
      seen.add(key);
      keys.push(key);
    }
  }
  return keys;
}

/**
 * What stands in a reference's place, as bytes: the key's value, if a variable can hold it (one with a NUL byte would
 * reach the application cut off, one with half of a surrogate pair with another character in its place), or the default
 * of a key that is missing. Without findings, as when the look-up failed, it is not known which are.
 */
export function valueFor({ key, fallback }: Reference, findings: Findings | undefined): string | undefined {
  if (findings === undefined) return undefined;
  const value = findings.values.get(key);
  if (value !== undefined) return unholdable(value) === undefined ? bytesOf(value) : undefined;
  const failure = findings.failures.get(key);
  return failure === undefined || isAbsence(failure) ? fallback : undefined;
}

/** What a value holds that no variable can. JSON writes half of a surrogate pair as an escape; UTF-8 has no bytes for it. */
function unholdable(value: string): string | undefined {
  if (value.includes("\0")) return "a NUL byte";
  return value.isWellFormed() ? undefined : "half of a surrogate pair";
}

/** Where the values come from, for a person. */
export function describeSource(own: ReadonlyMap<string, string>): string {
  const path = own.get("PIGGY_AWS_SSM_PARAMETER_PATH");
  const secret = own.get("PIGGY_AWS_SECRET_NAME");
  const region = own.get("PIGGY_AWS_REGION");
  const where = region ? ` in ${region}` : "";
  if (path) return `parameter path ${path}${where}`;
  return secret ? `secret ${secret}${where}` : "the Pod's secret";
}

/**
 * The error for the references that have no value, or undefined when all have one. It names each variable, the
 * first one's reference, and the reason: the failure of the look-up, or that the key has no value that a variable can
 * hold.
 */
export function unresolvedError(
  variables: readonly Variable[],
  findings: Findings | undefined,
  source: string,
  failure: PiggyError | undefined,
): PiggyError | undefined {
  const faultOf = (variable: Variable) =>
    referencesOf(variable).find((reference) => valueFor(reference, findings) === undefined);
  const [first, ...others] = variables.filter((variable) => faultOf(variable) !== undefined);
  const unresolved = first && faultOf(first);
  if (unresolved === undefined) return undefined;
  // What failed for this key says more than what failed last.
  const known = findings?.failures.get(unresolved.key) ?? (findings === undefined ? failure : undefined);
  const reason = known?.message ?? faultIn(unresolved, findings, source);
  const more = others.length === 0 ? "" : ` Unresolved too: ${others.map(({ name }) => name).join(", ")}.`;
  const reference = JSON.stringify(formatReference(unresolved));
  return new PiggyError(
    known?.code ?? "reference_unresolved",
    `${first?.name}: ${reference} is unresolved: ${reason.replace(/\.$/, "")}.${more}`,
    { cause: known },
  );
}

function faultIn({ key }: Reference, findings: Findings | undefined, source: string): string {
  const what = isStoreEntry(key) ? "it" : `key ${JSON.stringify(key)} of ${source}`;
  const held = unholdable(findings?.values.get(key) ?? "");
  if (held !== undefined) return `the value of ${what} holds ${held}, which no variable can`;
  return isStoreEntry(key) ? "it has no value" : `${source} has no key ${JSON.stringify(key)}`;
}
