const TRIES = 5;

/**
 * Whether it ever takes less than so many milliseconds: what a busy machine makes late is in time when it is done
 * again, and what waits for too long by itself never is.
 * @param work returns how long it took, and checks the rest itself
 */
export async function takesLessThan(milliseconds: number, work: () => Promise<number>): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries += 1) if ((await work()) < milliseconds) return true;
  return false;
}
