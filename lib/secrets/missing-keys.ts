/** The keys that were asked for and are not there. */
import type { PiggyError } from "../error.ts";
import { asSeenInside } from "../expansion.ts";
import type { Container } from "../pod.ts";
import { missingKey } from "../reference/missing-key.ts";
import { parseValue } from "../reference/value.ts";
import { isOwnVariable } from "../variables.ts";
import type { Entries, Location } from "./world.ts";

const NONE: ReadonlyMap<string, PiggyError> = new Map();

/** Each is compared with all keys of a secret. */
const MOST_SUGGESTIONS = 8;

/**
 * Other names are suggested only for keys that stand in the container's stored `env`, which nobody can change any more:
 * whoever got hold of the Pod's token could else learn the names of a secret's keys by asking for one like them after
 * the other, and with a name the value.
 */
export function missingKeys(
  keys: readonly string[],
  found: ReadonlyMap<string, string>,
  location: Location,
  stored: Entries,
  container: Container,
): ReadonlyMap<string, PiggyError> {
  const missing = keys.filter((key) => !found.has(key));
  if (missing.length === 0) return NONE;
  const written = writtenReferences(container);
  let suggestions = 0;
  return new Map(
    missing.map((key) => {
      const isSuggesting = written.has(key) && suggestions < MOST_SUGGESTIONS;
      suggestions += Number(isSuggesting);
      return [key, missingKey(key, location, stored, isSuggesting)];
    }),
  );
}

/** The keys that the container's stored `env` refers to, and whether each mention of one has a default. */
export function writtenReferences({ env }: Container): ReadonlyMap<string, { readonly isOptional: boolean }> {
  const written = new Map<string, { readonly isOptional: boolean }>();
  for (const { name, value } of env) {
    if (value === undefined || isOwnVariable(name)) continue;
    for (const part of parseValue(asSeenInside(value)) ?? []) {
      if (typeof part === "string") continue;
      const isOptional = part.fallback !== undefined && (written.get(part.key)?.isOptional ?? true);
      written.set(part.key, { isOptional });
    }
  }
  return written;
}
