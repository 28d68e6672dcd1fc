/** Which entries of the stores a container may ask for: those that its stored spec or the operator's policy names. */

import { asSeenInside } from "../expansion.ts";
import { parseJson, stringsOf } from "../json.ts";
import type { Container } from "../pod.ts";
import { writtenEntries } from "../reference/written-entries.ts";
import { isOwnVariable } from "../variables.ts";
import { variableOf } from "../wrapped-container.ts";
import { Denial } from "./denial.ts";

/** Of a key in the log, which whoever asks may have made as long as a request. */
const LONGEST_SHOWN = 200;

/**
 * @param isNamed whether the policy names a key, which then need not be written
 * @throws Denial for a key that stands neither in the container's `env` nor among what admission recorded.
 */
export function requireWritten(
  container: Container,
  keys: readonly string[],
  isNamed: (key: string) => boolean,
): void {
  if (keys.length === 0) return;
  const written = writtenIn(container);
  const foreign = keys.find((key) => !written.has(key) && !isNamed(key));
  if (foreign === undefined) return;
  const shown = JSON.stringify(foreign.slice(0, LONGEST_SHOWN));
  throw new Denial(`the container's stored env does not refer to ${shown}`);
}

function writtenIn(container: Container): ReadonlySet<string> {
  const values = container.env.flatMap(({ name, value }) =>
    value === undefined || isOwnVariable(name) ? [] : [value],
  );
  return new Set([...writtenEntries(values), ...recordedIn(container)]);
}

/** What admission found in ConfigMaps and Secrets: a JSON list. */
function recordedIn(container: Container): readonly string[] {
  return stringsOf(parseJson(asSeenInside(variableOf(container, "PIGGY_REFERENCES") ?? "")));
}
