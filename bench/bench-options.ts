/** What a bench may be told. */
export interface BenchOptions {
  readonly rounds?: number;
  /** How long what has to last is watched; without it, it is not. */
  readonly minutes?: number;
}

/** The rounds of a comparison: it looks at what is answered, not at how fast. `seconds` are those of each shot. */
export const GLANCE = { rounds: 1, seconds: 0.5 };
