/**
 * Whether work grows with the length of what is read, or with its square. A length is held against a sixteenth of it,
 * in the time that this process had a processor: on a busy machine both take longer alike.
 */

const PARTS = 16;
/** Between the 16 of a line and the 256 of a square. */
export const STEEPEST_LINE = 64;
/** In milliseconds: what takes no longer is no square of a length that is worth a test, and the clock is too coarse for it. */
const NOTHING = 150;

/** What else the process has to do falls to one of the two by chance; a square is one each time. */
const TRIES = 3;

/** How many times the work of a sixteenth the whole is, at most 64 for what grows with the length. */
export function growthOf(read: (length: number) => unknown, length: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && least >= STEEPEST_LINE; tries += 1) {
    least = Math.min(least, measure(read, length));
  }
  return least;
}

function measure(read: (length: number) => unknown, length: number): number {
  const part = processorTime(() => read(length / PARTS));
  const whole = processorTime(() => read(length));
  return whole <= NOTHING ? 1 : whole / Math.max(part, NOTHING / STEEPEST_LINE);
}

function processorTime(work: () => unknown): number {
  const before = process.cpuUsage();
  try {
    work();
  } catch {
    // Refusing it is an answer too.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
