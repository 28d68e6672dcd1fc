/** What a bench may be told. */
export interface BenchOptions {
  readonly rounds?: number;
  /** How long what has to last is watched; without it, it is not. */
  readonly minutes?: number;
}
