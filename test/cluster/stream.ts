/** What is done over and over while something else happens. */

export interface Stream {
  /** How often it went well so far. */
  readonly count: () => number;
  /** Ends it. @returns what each time that did not go well had to say */
  readonly stop: () => Promise<readonly string[]>;
}

/** More failures say nothing new. */
const ENOUGH = 20;

/** One after the other, with a pause between them, until it is stopped or has failed often enough. */
export function startStream(step: () => Promise<void>, pauseMs: number): Stream {
  const failures: string[] = [];
  let count = 0;
  let isStopped = false;
  const done = (async () => {
    while (!isStopped && failures.length < ENOUGH) {
      try {
        await step();
        count += 1;
      } catch (error) {
        failures.push(`after ${count}: ${error}`);
      }
      await Bun.sleep(pauseMs);
    }
  })();
  return {
    count: () => count,
    async stop() {
      isStopped = true;
      await done;
      return failures;
    },
  };
}
