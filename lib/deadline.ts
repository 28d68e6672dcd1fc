/** When an answer is due: a signal to hand on, and the time that is left to plan with. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** In milliseconds; below 0 afterwards. */
  readonly remaining: () => number;
}

export function deadlineIn(milliseconds: number): Deadline {
  const endsAt = performance.now() + milliseconds;
  return { signal: AbortSignal.timeout(milliseconds), remaining: () => endsAt - performance.now() };
}
