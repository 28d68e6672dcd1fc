/** What ends a look-up. */
export interface Ending {
  /** Made when it is asked for: its timer stays until its end, and most requests are answered without one. */
  readonly signal: AbortSignal;
}

/** When an answer is due: a signal to hand on, and the time that is left to plan with. */
export interface Deadline extends Ending {
  /** In milliseconds; below 0 afterwards. */
  readonly remaining: () => number;
}

export function deadlineIn(milliseconds: number): Deadline {
  const endsAt = performance.now() + milliseconds;
  const remaining = () => endsAt - performance.now();
  let signal: AbortSignal | undefined;
  return {
    get signal() {
      signal ??= AbortSignal.timeout(Math.max(0, remaining()));
      return signal;
    },
    remaining,
  };
}
