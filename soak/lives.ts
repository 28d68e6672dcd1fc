/** How long the CA and its certificates live in a run, so that each has several. Pure. */

export interface Lives {
  readonly caMs: number;
  readonly certificateMs: number;
}

/** A third of it, in which it is renewed, has to be longer than the API server is away. */
const SHORTEST_CERTIFICATE_MS = 120_000;
const LONGEST_CERTIFICATE_MS = 150_000;
/** A Pod that was created as the next CA came has a third of it: time enough for its container to start again. */
const SHORTEST_OF_SEVERAL_MS = 600_000;

/**
 * The next CA comes after two thirds of the life of one: four times in a long run. In a short one it comes once, towards
 * the end, and the first is good until all is over.
 */
export function livesFor(seconds: number): Lives {
  const third = (seconds * 1000) / 3;
  const caMs = third >= SHORTEST_OF_SEVERAL_MS ? third : (seconds * 1000 * 7) / 6;
  const certificateMs = Math.min(LONGEST_CERTIFICATE_MS, Math.max(SHORTEST_CERTIFICATE_MS, caMs / 8));
  return { caMs, certificateMs };
}

/** A Pod trusts the CA of when it was created, and may have been created when two thirds of that one's life were over. */
export const longestLifeOfAPod = ({ caMs }: Lives): number => caMs / 4;
