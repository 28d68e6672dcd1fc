/** How names that may have been meant are told. */

export const MOST_NEAREST = 3;

/** The end of a sentence that says that a name is not there. */
export function describeNearest(nearest: readonly string[]): string {
  if (nearest.length === 0) return "";
  const names = nearest.map((name) => JSON.stringify(name)).join(", ");
  return `: the nearest ${nearest.length === 1 ? "is" : "are"} ${names}`;
}
