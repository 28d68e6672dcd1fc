/** Work that waits its turn, so that no more of it is under way at a time than is fair; first come, first served. */
export interface Turns {
  /** @throws at once what the work throws at once, where it is its turn already */
  <T>(work: () => Promise<T>): Promise<T>;
  /** What is done at once, when it is its turn, is not waited for. */
  <T>(work: () => Promise<T> | T): Promise<T> | T;
}

export function createTurns(most: number): Turns {
  let free = most;
  const waiting: (() => void)[] = [];
  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const begin = <T>(work: () => Promise<T> | T): Promise<T> | T => {
    let begun: Promise<T> | T;
    try {
      begun = work();
    } catch (error) {
      leave();
      throw error;
    }
    if (begun instanceof Promise) return begun.finally(leave);
    leave();
    return begun;
  };
  function take<T>(work: () => Promise<T>): Promise<T>;
  function take<T>(work: () => Promise<T> | T): Promise<T> | T {
    if (free === 0) return new Promise<void>((resolve) => waiting.push(resolve)).then(() => begin(work));
    free -= 1;
    return begin(work);
  }
  return take;
}
