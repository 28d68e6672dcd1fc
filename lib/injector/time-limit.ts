/** How long servers may take, all of them together. */
export interface TimeLimit {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** Stops the clock meanwhile, and starts it anew: for people, who take their time. */
  readonly paused: <T>(work: () => Promise<T>) => Promise<T>;
}

export function createTimeLimit(milliseconds: number): TimeLimit {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(), milliseconds);
  let timer = start();
  return {
    signal: controller.signal,
    paused: async (work) => {
      clearTimeout(timer);
      try {
        return await work();
      } finally {
        timer = start();
      }
    },
  };
}
