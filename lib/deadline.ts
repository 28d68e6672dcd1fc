/** What ends a look-up. */
export interface Ending {
  /** Made when it is asked for: most requests are answered without one. */
  readonly signal: AbortSignal;
}

/** When an answer is due: a signal to hand on, and the time that is left to plan with. */
export interface Deadline extends Ending {
  /** In milliseconds; below 0 afterwards. */
  readonly remaining: () => number;
}

export interface OwnDeadline extends Deadline {
  /** For when the answer is there: nobody need be told any more, and no timer is kept for it. */
  readonly met: () => void;
}

export function deadlineIn(milliseconds: number): OwnDeadline {
  const endsAt = performance.now() + milliseconds;
  const remaining = () => endsAt - performance.now();
  let signal: AbortSignal | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    get signal() {
      if (signal === undefined) {
        const controller = new AbortController();
        const late = () => controller.abort(new DOMException("The operation timed out.", "TimeoutError"));
        timer = setTimeout(late, Math.max(0, remaining()));
        signal = controller.signal;
      }
      return signal;
    },
    met: () => clearTimeout(timer),
    remaining,
  };
}
