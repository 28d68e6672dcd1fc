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

export function deadlineIn(milliseconds: number): Deadline {
  const endsAt = performance.now() + milliseconds;
  const remaining = () => endsAt - performance.now();
  let signal: AbortSignal | undefined;
  return {
    get signal() {
      signal ??= endingIn(Math.max(0, remaining()));
      return signal;
    },
    remaining,
  };
}

/** The same deadline, whose signal `end` brings about as well. */
export function endable(deadline: Deadline): Deadline & { readonly end: () => void } {
  let ended: AbortController | undefined;
  let signal: AbortSignal | undefined;
  return {
    // As in the deadline itself, not before a look-up asks for it.
    get signal() {
      ended ??= new AbortController();
      signal ??= AbortSignal.any([deadline.signal, ended.signal]);
      return signal;
    },
    remaining: deadline.remaining,
    end: () => ended?.abort(),
  };
}

/** Of its time: how much less may be left of a shared signal. */
const TOGETHER = 0.01;

/**
 * Signals that end after so many milliseconds, or a hundredth less: whoever begins at about the same time has the same
 * one, so that thousands of requests a second need not have a signal and a timer each.
 */
export function shareSignals(milliseconds: number): () => AbortSignal {
  let shared: { readonly signal: AbortSignal; readonly until: number } | undefined;
  return () => {
    const now = performance.now();
    if (shared === undefined || now >= shared.until) {
      shared = { signal: endingIn(milliseconds), until: now + TOGETHER * milliseconds };
    }
    return shared.signal;
  };
}

function endingIn(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  const late = () => controller.abort(new DOMException("The operation timed out.", "TimeoutError"));
  setTimeout(late, milliseconds).unref();
  return controller.signal;
}
