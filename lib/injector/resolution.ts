/** What was found out about a container's references. */
import { PiggyError } from "../error.ts";
import { formatReference } from "../reference/reference.ts";
import type { Variable } from "./environment.ts";

/** The values of the keys that are there. Keys that are not have none. */
export type Values = ReadonlyMap<string, string>;

/** The keys that the variables refer to, each once. */
export function referencedKeys(variables: readonly Variable[]): readonly string[] {
  const seen = new Set<string>();
  const keys: string[] = [];
  for (const { reference } of variables) {
    if (reference === undefined || seen.has(reference.key)) continue;
    seen.add(reference.key);
    keys.push(reference.key);
  }
  return keys;
}

/** The value of a key, if a variable can hold it: one with a NUL byte would reach the application cut off. */
export function usableValue(values: Values, key: string): string | undefined {
  const value = values.get(key);
  return value?.includes("\0") ? undefined : value;
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
  values: Values,
  source: string,
  failure: PiggyError | undefined,
): PiggyError | undefined {
  const unresolved = variables.filter(
    ({ reference }) => reference !== undefined && usableValue(values, reference.key) === undefined,
  );
  const [first, ...others] = unresolved;
  if (first?.reference === undefined) return undefined;
  const key = JSON.stringify(first.reference.key);
  const fault = values.has(first.reference.key)
    ? `the value of key ${key} of ${source} holds a NUL byte, which no variable can`
    : `${source} has no key ${key}`;
  const reason = failure?.message ?? fault;
  const more = others.length === 0 ? "" : ` Unresolved too: ${others.map(({ name }) => name).join(", ")}.`;
  const reference = JSON.stringify(formatReference(first.reference));
  return new PiggyError(
    failure?.code ?? "reference_unresolved",
    `${first.name}: ${reference} is unresolved: ${reason.replace(/\.$/, "")}.${more}`,
    { cause: failure },
  );
}
