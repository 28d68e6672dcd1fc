import { PiggyError } from "../error.ts";

/**
 * A decision against the caller. Whoever asked is told that and no more; the reason is for the audit line alone.
 */
export class Denial extends PiggyError {
  readonly reason: string;

  constructor(reason: string) {
    super("not_allowed", "decision not allowed");
    this.reason = reason;
  }
}
