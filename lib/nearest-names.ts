/** The names that a misspelt one may have been meant to be. Pure. */

/** What is longer than a name may be is nobody's misspelling. In characters. */
export const LONGEST_NAME = 63;
/** In letters; of a short name no more than half, or each would be near every other. */
const FARTHEST = 3;
/** Of the known names; strangers choose how many there are, and each is compared letter by letter. */
const MOST_COMPARED = 1_000;

/** At most so many of the known names, the nearest first. Capital and small letters count as the same. */
export function nearestNames(name: string, known: Iterable<string>, most: number): readonly string[] {
  if (name.length > LONGEST_NAME) return [];
  const folded = name.toLowerCase();
  const atMost = Math.min(FARTHEST, name.length >> 1);
  const near: { readonly candidate: string; readonly distance: number }[] = [];
  let compared = 0;
  for (const candidate of known) {
    if (compared >= MOST_COMPARED) break;
    if (candidate === name || candidate.length > LONGEST_NAME) continue;
    compared += 1;
    const distance = editDistance(folded, candidate.toLowerCase(), atMost);
    if (distance <= atMost) near.push({ candidate, distance });
  }
  near.sort((one, other) => one.distance - other.distance);
  return near.slice(0, most).map(({ candidate }) => candidate);
}

/**
 * How many letters must be put in, taken out or replaced to make one text of the other, or any larger number where they
 * are more than `atMost`: then it is no use to look farther from the diagonal.
 */
function editDistance(from: string, to: string, atMost: number): number {
  const far = atMost + 1;
  if (Math.abs(from.length - to.length) > atMost) return far;
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line += 1) {
    const next = new Array<number>(to.length + 1).fill(far);
    next[0] = line;
    const last = Math.min(to.length, line + atMost);
    for (let column = Math.max(1, line - atMost); column <= last; column += 1) {
      const replaced = (row[column - 1] ?? far) + Number(from[line - 1] !== to[column - 1]);
      next[column] = Math.min(replaced, (row[column] ?? far) + 1, (next[column - 1] ?? far) + 1);
    }
    row = next;
  }
  return row[to.length] ?? far;
}
