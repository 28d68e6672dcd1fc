/** What the enclosed process is told, in its one argument. */
export interface Order {
  /** The Go program that a Pod is given in place of piggy-env. */
  readonly peer: string;
  /** What the images of the webhook and of piggy-env are built of. */
  readonly context: string;
  readonly rounds: number;
  readonly coldRounds: number;
  /** Where its measurements go. */
  readonly output: string;
}
