/** One call for everybody who wants the same at the same time; each waits for it no longer than its own signal. */

interface Flight<T> {
  readonly result: Promise<T>;
  readonly ending: AbortController;
  readonly startedAt: number;
  hasLanded: boolean;
  waiting: number;
  /** Of the time in which somebody waits: another one when somebody comes after all had left. */
  awaited: AbortController;
  alone: Timer | undefined;
}

/** As long as the API server waits for a webhook at most: a call that hangs is not to be joined for ever. */
const LONGEST_MS = 30_000;

export interface Joining<T> {
  readonly key: string;
  readonly signal: AbortSignal;
  /**
   * Its signal ends when nobody waits any more and the time alone is over. `awaited` gives one that ends with the last
   * who waits at the moment, for a call that would begin something more only for somebody.
   */
  readonly run: (signal: AbortSignal, awaited: () => AbortSignal) => Promise<T>;
  /** What is thrown to somebody whose own signal ends first. */
  readonly late: () => Error;
}

/** @param aloneMs how long a call may go on, and be joined, when nobody waits for it any more */
export function createSingleFlight<T>(aloneMs = 0): (joining: Joining<T>) => Promise<T> {
  const flights = new Map<string, Flight<T>>();
  const end = (key: string, flight: Flight<T>) => {
    clearTimeout(flight.alone);
    flight.ending.abort();
    // Whoever comes next must not join what was just ended; by now it may be another's.
    if (flights.get(key) === flight) flights.delete(key);
  };
  const takeOff = (key: string, run: Joining<T>["run"]): Flight<T> => {
    const begun: Omit<Flight<T>, "result"> = {
      ending: new AbortController(),
      startedAt: performance.now(),
      hasLanded: false,
      waiting: 0,
      awaited: new AbortController(),
      alone: undefined,
    };
    const result = run(begun.ending.signal, () => begun.awaited.signal);
    const flight = Object.assign(begun, { result });
    const land = () => {
      flight.hasLanded = true;
      end(key, flight);
    };
    // When everybody has left, nobody is there to hear of its failure.
    result.then(land, land);
    flights.set(key, flight);
    return flight;
  };
  const leave = (key: string, flight: Flight<T>) => {
    flight.waiting -= 1;
    if (flight.waiting > 0) return;
    flight.awaited.abort();
    if (flight.hasLanded) return;
    if (aloneMs === 0) end(key, flight);
    else flight.alone = setTimeout(() => end(key, flight), aloneMs);
  };
  return async ({ key, signal, run, late }) => {
    if (signal.aborted) throw late();
    const known = flights.get(key);
    const isYoung = known !== undefined && performance.now() - known.startedAt < LONGEST_MS;
    const flight = isYoung ? known : takeOff(key, run);
    flight.waiting += 1;
    clearTimeout(flight.alone);
    if (flight.awaited.signal.aborted) flight.awaited = new AbortController();
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
