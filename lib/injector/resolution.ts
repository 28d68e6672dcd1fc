/** What was found out about a container's references. */
import { PiggyError } from "../error.ts";
import { formatReference, type Reference } from "../reference/reference.ts";
import { bytesOf } from "./bytes.ts";
import { referencesOf, type Variable } from "./environment.ts";

/** The values of the keys that are there. Keys that are not have none. */
export type Values = ReadonlyMap<string, string>;

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
 * reach the application cut off), or the default of a key that is missing. Without values, as when the look-up failed,
 * it is not known which are.
 */
export function valueFor({ key, fallback }: Reference, values: Values | undefined): string | undefined {
  const value = values?.get(key);
  if (value === undefined) return values && fallback;
  return value.includes("\0") ? undefined : bytesOf(value);
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
  values: Values | undefined,
  source: string,
  failure: PiggyError | undefined,
): PiggyError | undefined {
  const faultOf = (variable: Variable) =>
    referencesOf(variable).find((reference) => valueFor(reference, values) === undefined);
  const [first, ...others] = variables.filter((variable) => faultOf(variable) !== undefined);
  const unresolved = first && faultOf(first);
  if (unresolved === undefined) return undefined;
  const key = JSON.stringify(unresolved.key);
  const fault = values?.has(unresolved.key)
    ? `the value of key ${key} of ${source} holds a NUL byte, which no variable can`
    : `${source} has no key ${key}`;
  const reason = failure?.message ?? fault;
  const more = others.length === 0 ? "" : ` Unresolved too: ${others.map(({ name }) => name).join(", ")}.`;
  const reference = JSON.stringify(formatReference(unresolved));
  return new PiggyError(
    failure?.code ?? "reference_unresolved",
    `${first?.name}: ${reference} is unresolved: ${reason.replace(/\.$/, "")}.${more}`,
    { cause: failure },
  );
}
