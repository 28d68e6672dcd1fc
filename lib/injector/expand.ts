/** PIGGY_EXPAND: what the kubelet would have expanded in the argv, done after the references are resolved. */
import { PiggyError } from "../error.ts";
import { expand } from "../expansion.ts";
import { objectOf, parseJson } from "../json.ts";
import { lookUp } from "./environment.ts";

export interface Expansion {
  /** Which elements of the argv. */
  readonly elements: ReadonlySet<number>;
  /** Which names the kubelet would have known. */
  readonly names: ReadonlySet<string>;
}

/**
 * Reads PIGGY_EXPAND; without it, as from an older webhook, nothing is expanded. PIGGY_MENTIONED, parted by PIGGY_UID,
 * is what the kubelet made of `NAME=$(NAME)` for names that admission could not be sure of.
 * @throws PiggyError `usage`
 */
export function parseExpansion(own: ReadonlyMap<string, string>): Expansion {
  const variable = own.get("PIGGY_EXPAND");
  if (!variable) return { elements: new Set(), names: new Set() };
  const { argv, names } = objectOf(parseJson(variable));
  if (!Array.isArray(argv) || !Array.isArray(names)) {
    throw new PiggyError("usage", `PIGGY_EXPAND is not {"argv":[…],"names":[…]}`);
  }
  const known = new Set(names);
  const mentioned = own.get("PIGGY_MENTIONED");
  if (mentioned !== undefined) {
    const unknown = new Set(mentioned.split(own.get("PIGGY_UID") || "\0"));
    for (const name of names) if (unknown.has(`${name}=$(${name})`)) known.delete(name);
  }
  return { elements: new Set(argv.filter(Number.isInteger)), names: known };
}

/** The argv with its elements expanded from the application's environment. */
export function expandArgv(
  argv: readonly string[],
  { elements, names }: Expansion,
  entries: readonly string[],
): readonly string[] {
  const known = (name: string) => (names.has(name) ? lookUp(entries, name) : undefined);
  return argv.map((element, index) => (elements.has(index) ? expand(element, known) : element));
}
