/**
 * How much more stays: the least of the second half of the samples, to the least of the second quarter. Between two full
 * collections, some minutes apart, memory rises by a fifth and falls again, so what stays is what counts; the first
 * quarter is the start. In a minute there is no full collection, and it only rises.
 */
export function growthOf(samples: readonly number[]): number {
  const least = (from: number, to: number) =>
    Math.min(...samples.slice(Math.floor(samples.length * from), Math.floor(samples.length * to)));
  return least(0.5, 1) / least(0.25, 0.5);
}
