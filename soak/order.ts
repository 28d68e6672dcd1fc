/** What the enclosed process is told, in its one argument. */
export interface Order {
  readonly seconds: number;
  readonly seed: number;
  /** Where its results go. */
  readonly output: string;
}
