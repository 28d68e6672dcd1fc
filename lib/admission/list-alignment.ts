/** What becomes of the entries of a list when another takes its place, so that as many are kept as can be. Pure. */

/** Of an entry: it is in both, in the first alone, in the second alone. */
export type Step = "kept" | "removed" | "added";

export interface Alignment {
  /** How many entries at the start are the same. */
  readonly head: number;
  /** How many at the end, those of the head not counted again. */
  readonly tail: number;
  /** What becomes of the entries between, in order. */
  readonly steps: readonly Step[];
}

/** Whether two entries are the same thing at two times. */
export type IsSame<A, B> = (before: A | undefined, after: B | undefined) => boolean;

export function align<A, B>(before: readonly A[], after: readonly B[], isSame: IsSame<A, B>): Alignment {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && isSame(before[head], after[head])) head += 1;
  let tail = 0;
  while (tail < most - head && isSame(before.at(-1 - tail), after.at(-1 - tail))) tail += 1;
  const old = before.slice(head, before.length - tail);
  const fresh = after.slice(head, after.length - tail);
  return { head, tail, steps: stepsBetween(old, fresh, isSame) };
}

/** Past this many comparisons a smaller difference is not worth the memory. */
const MOST_COMPARISONS = 1_000_000;

function stepsBetween<A, B>(
  before: readonly A[],
  after: readonly B[],
  isSame: IsSame<A, B>,
): readonly Step[] {
  if (before.length > 0 && after.length > 0 && before.length * after.length <= MOST_COMPARISONS) {
    // A command of one's own and ours have nothing in common, and a table to find that out is dear.
    const isAnyKept = before.some((entry) => after.some((other) => isSame(entry, other)));
    if (isAnyKept) return bySubsequence(before, after, isSame);
  }
  const steps: Step[] = [];
  for (let count = 0; count < before.length; count += 1) steps.push("removed");
  for (let count = 0; count < after.length; count += 1) steps.push("added");
  return steps;
}

/** By the longest common subsequence; rarely of more than a few entries. */
function bySubsequence<A, B>(
  before: readonly A[],
  after: readonly B[],
  isSame: IsSame<A, B>,
): readonly Step[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const lengthAt = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = lengths[i];
      if (row === undefined) continue;
      row[j] = isSame(before[i], after[j])
        ? lengthAt(i + 1, j + 1) + 1
        : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const isBoth = i < before.length && j < after.length;
    if (isBoth && isSame(before[i], after[j])) {
      steps.push("kept");
      i += 1;
      j += 1;
    } else if (i < before.length && (!isBoth || lengthAt(i + 1, j) >= lengthAt(i, j + 1))) {
      steps.push("removed");
      i += 1;
    } else {
      steps.push("added");
      j += 1;
    }
  }
  return steps;
}
