/** What is fuzzed: where the inputs of a parser come from, and what must hold of each. */
import fc from "fast-check";
import { keptInputs } from "./kept.ts";

export interface Parser<Input> {
  readonly name: string;
  /** Values that JSON can say: what is found is kept in the corpus. */
  readonly inputs: fc.Arbitrary<Input>;
  /**
   * @returns in a word or two what became of the input, of which a parser has a few dozen at most
   * @throws whatever says that something does not hold
   */
  readonly check: (input: Input) => string | Promise<string>;
}

export interface Limits {
  readonly seed: number;
  readonly runs: number;
}

export interface Outcome {
  count: number;
  /** The shortest input that came to it, as JSON. */
  shortest: string;
}

export interface Findings {
  readonly runs: number;
  readonly seconds: number;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** What does not hold, and the smallest input that shows it. */
  readonly failure: string | undefined;
}

export interface Target {
  readonly name: string;
  /** Checks each input of the corpus. @throws where one comes to something else than it was kept for */
  replay(): Promise<number>;
  fuzz(limits: Limits): Promise<Findings>;
}

export function target<Input>({ name, inputs, check }: Parser<Input>): Target {
  return {
    name,
    async replay() {
      const kept = keptInputs<Input>(name);
      for (const { outcome, input } of kept) {
        const now = await check(input);
        if (now !== outcome) {
          throw new Error(`${JSON.stringify(input).slice(0, 500)} came to ${outcome}, and now to ${now}`);
        }
      }
      return kept.length;
    },
    async fuzz({ seed, runs }) {
      const outcomes = new Map<string, Outcome>();
      const begun = performance.now();
      const property = fc.asyncProperty(inputs, async (input) => note(outcomes, await check(input), input));
      const details = await fc.check(property, { seed, numRuns: runs });
      return {
        runs: details.numRuns,
        seconds: (performance.now() - begun) / 1_000,
        outcomes,
        failure: details.failed
          ? `${JSON.stringify(details.counterexample)}\n${textOf(details.errorInstance)}`
          : undefined,
      };
    },
  };
}

function note(outcomes: Map<string, Outcome>, what: string, input: unknown): void {
  const known = outcomes.get(what);
  if (known === undefined) {
    outcomes.set(what, { count: 1, shortest: JSON.stringify(input) });
    return;
  }
  known.count += 1;
  // To write each input as JSON would be most of the work.
  if (known.count > 200) return;
  const text = JSON.stringify(input);
  if (text.length < known.shortest.length) known.shortest = text;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
