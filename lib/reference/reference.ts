/** The grammar of a reference: what an environment variable's value says in a secret's place. */

import { trimEndOf } from "../text.ts";

const PREFIX = "piggy:";

/** A key of the secret or the parameter path that the Pod is given, or a store entry of its own. */
export interface Reference {
  /** What follows `piggy:`. */
  readonly key: string;
  /** What stands there when the secret has no such key. */
  readonly fallback?: string;
}

/**
 * The reference that a value is, or undefined when it is none. `piggy:` counts in any case; the key is all that
 * follows, literally, without the line breaks at its end (a Secret made with `echo` has one).
 */
export function parseReference(value: string): Reference | undefined {
  // Every value of every environment is held against this: most are told apart by one character.
  if (value.charAt(PREFIX.length - 1) !== ":") return undefined;
  if (!value.startsWith(PREFIX) && value.slice(0, PREFIX.length).toLowerCase() !== PREFIX) return undefined;
  return { key: trimEndOf(value.slice(PREFIX.length), "\r\n") };
}

/** The reference as it stands in a manifest. It names where a secret is and is itself none. */
export function formatReference(reference: Reference): string {
  return PREFIX + reference.key;
}

/** Whether a key names a store entry of its own, rather than a key of what the Pod is given. */
export function isStoreEntry(key: string): boolean {
  return key.startsWith("//");
}
