/** One call for everybody who wants the same at the same time; each waits for it no longer than its own signal. */

interface Flight<T> {
  readonly result: Promise<T>;
  readonly landed: AbortController;
  waiting: number;
}

/** As long as the API server waits for a webhook at most: a call that hangs is not to be joined for ever. */
const LONGEST_MS = 30_000;

export interface Joining<T> {
  readonly key: string;
  readonly signal: AbortSignal;
  /** Its signal ends when nobody waits any more. */
  readonly run: (signal: AbortSignal) => Promise<T>;
  /** What is thrown to somebody whose own signal ends first. */
  readonly late: () => Error;
}

export function createSingleFlight<T>(): (joining: Joining<T>) => Promise<T> {
  const flights = new Map<string, Flight<T>>();
  const leave = (key: string, flight: Flight<T>) => {
    flight.waiting -= 1;
    if (flight.waiting > 0) return;
    flight.landed.abort();
    // Whoever comes next must not join what was just ended; by now it may be another's.
    if (flights.get(key) === flight) flights.delete(key);
  };
  return async ({ key, signal, run, late }) => {
    if (signal.aborted) throw late();
    const flight = flights.get(key) ?? takeOff(run);
    flights.set(key, flight);
    flight.waiting += 1;
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(late());
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([flight.result, ended]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      leave(key, flight);
    }
  };
}

function takeOff<T>(run: Joining<T>["run"]): Flight<T> {
  const landed = new AbortController();
  const result = run(AbortSignal.any([landed.signal, AbortSignal.timeout(LONGEST_MS)]));
  // When everybody has left, nobody is there to hear of its failure.
  result.catch(() => {});
  return { result, landed, waiting: 0 };
}
