/** The corpus: for each parser a file of inputs, each with what it came to when it was kept. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dir, "corpus");

export interface Kept<Input> {
  readonly outcome: string;
  readonly input: Input;
  /** What was wrong with the parser, where the input showed it. */
  readonly found?: string;
}

const fileOf = (name: string) => join(FOLDER, `${name}.json`);

export function keptInputs<Input>(name: string): readonly Kept<Input>[] {
  if (!existsSync(fileOf(name))) return [];
  const kept: readonly Kept<Input>[] = JSON.parse(readFileSync(fileOf(name), "utf8"));
  return kept;
}

/** Longer ones say nothing to whoever reads them. */
const LONGEST = 4_000;

/**
 * Adds an input for each outcome that has none.
 * @param found by outcome the input as JSON
 * @returns how many were added
 */
export function keep(name: string, found: ReadonlyMap<string, string>): number {
  const kept = keptInputs<unknown>(name);
  const known = new Set(kept.map(({ outcome }) => outcome));
  const added = [...found]
    .filter(([outcome, input]) => !known.has(outcome) && input.length <= LONGEST)
    .map(([outcome, input]): Kept<unknown> => ({ outcome, input: JSON.parse(input) }));
  if (added.length > 0) {
    // A line for each, whatever is in it: what is not ASCII would be hard to see, or not be text at all.
    const lines = [...kept, ...added].map((entry) => JSON.stringify(entry).replace(/[^ -~]/g, escaped));
    writeFileSync(fileOf(name), `[\n${lines.join(",\n")}\n]\n`);
  }
  return added.length;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
