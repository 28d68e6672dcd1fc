/** What is done over and over while something else happens. */

export interface Stream {
  /** How often it went well so far. */
  readonly count: () => number;
  /** Whether it did not go well some time. */
  readonly failed: () => boolean;
  /** Ends it. @returns what each time that did not go well had to say */
  readonly stop: () => Promise<readonly string[]>;
}

/** More failures say nothing new. */
const ENOUGH = 20;

/** One after the other, with a pause between them, until it is stopped or has failed often enough. */
export function startStream(step: () => Promise<void>, pauseMs: number): Stream {
  const failures: string[] = [];
  const begun = performance.now();
  let count = 0;
  let isStopped = false;
  const done = (async () => {
    while (!isStopped && failures.length < ENOUGH) {
      const at = performance.now();
      try {
        await step();
        count += 1;
      } catch (error) {
        // A refusal comes at once; what was not answered took all its time.
        const [since, took] = [at - begun, performance.now() - at].map((ms) => (ms / 1000).toFixed(1));
        failures.push(`after ${count}, at ${since} s, in ${took} s: ${error}`);
      }
      await Bun.sleep(pauseMs);
    }
  })();
  return {
    count: () => count,
    failed: () => failures.length > 0,
    async stop() {
      isStopped = true;
      await done;
      return failures;
    },
  };
}
