/** A key that a secret or a parameter path does not have, with the names that it may have been meant to be. */
import { PiggyError } from "../error.ts";
import { nearestNames } from "../nearest-names.ts";
import { isOwnVariable } from "../variables.ts";
import { describeNearest, MOST_NEAREST } from "./nearest.ts";

/** Where the key was looked for. */
export type Place =
  | { readonly kind: "secret"; readonly name: string; readonly region: string }
  | { readonly kind: "path"; readonly path: string; readonly region: string };

export interface Content {
  readonly values: ReadonlyMap<string, string>;
  /** Names of the parameters that a key may mean, where these are more than one. */
  readonly ambiguous?: ReadonlyMap<string, readonly string[]>;
  /** The version that was read, where the store has versions. */
  readonly version: string | undefined;
}

/** `reference_unresolved`: it is not there, so a default may stand in its place. */
export class MissingKey extends PiggyError {
  /** Names of keys that are there, the nearest first. */
  readonly nearest: readonly string[];

  constructor(message: string, nearest: readonly string[]) {
    super("reference_unresolved", message);
    this.nearest = nearest;
  }
}

/** Of a key, in characters: whoever asks may have made it as long as a request. */
const LONGEST_SHOWN = 200;

/**
 * A path of which nothing is there is `secret_not_found`: Parameter Store has no other way to say it than an empty list.
 * A key that may mean several parameters is `key_ambiguous`, for which no default stands.
 * @param isSuggesting whether whoever hears of it may know the names of other keys
 */
export function missingKey(key: string, place: Place, content: Content, isSuggesting: boolean): PiggyError {
  const shown = JSON.stringify(key.slice(0, LONGEST_SHOWN));
  if (isOwnVariable(key)) {
    return new MissingKey(`${shown} is a setting of Piggy's own, which no container is given`, []);
  }
  const { values, ambiguous, version } = content;
  const [one, another, ...others] = ambiguous?.get(key) ?? [];
  if (one !== undefined) {
    const more = others.length === 0 ? "" : `, and ${others.length} more`;
    return new PiggyError(
      "key_ambiguous",
      `${shown} may mean the parameter ${one} or ${another}${more}: name the one by piggy://ssm${one}, or rename the other`,
    );
  }
  if (place.kind === "path" && values.size === 0 && !ambiguous?.size) {
    return new PiggyError(
      "secret_not_found",
      `parameter path ${place.path} in ${place.region}: there is no parameter below it`,
    );
  }
  const nearest = isSuggesting ? nearestNames(key, namesIn(values), MOST_NEAREST) : [];
  const where = place.kind === "path" ? `parameter path ${place.path}` : `secret ${place.name}`;
  const ofVersion = version === undefined ? "" : ` in version ${version}`;
  return new MissingKey(
    `${where} in ${place.region} has no key ${shown}${ofVersion}${describeNearest(nearest)}`,
    nearest,
  );
}

/** The policy and the settings that may stand in a secret are nobody's to know. */
function* namesIn(values: ReadonlyMap<string, string>): Generator<string> {
  for (const name of values.keys()) if (!isOwnVariable(name)) yield name;
}
