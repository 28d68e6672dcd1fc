/** The difference of two texts in lines, as few as can be. Source: E. Myers, "An O(ND) Difference Algorithm", 1986. */

export interface Line {
  readonly kind: "kept" | "removed" | "added";
  readonly text: string;
}

/** Lines that were changed and those around them. */
export interface Hunk {
  /** Of its first line in the text before, counted from 1. */
  readonly before: number;
  /** In the text after. */
  readonly after: number;
  readonly lines: readonly Line[];
}

const CONTEXT = 3;

/** Past this many changes the smallest difference is not worth its time: then all that is between goes and comes. */
const MOST_CHANGES = 1_000;

export function diffHunks(before: readonly string[], after: readonly string[]): readonly Hunk[] {
  const lines = diffLines(before, after);
  const near = nearChanges(lines);
  const hunks: { before: number; after: number; lines: Line[] }[] = [];
  let [atBefore, atAfter] = [1, 1];
  for (const [index, line] of lines.entries()) {
    if (near[index]) {
      if (!near[index - 1]) hunks.push({ before: atBefore, after: atAfter, lines: [] });
      hunks.at(-1)?.lines.push(line);
    }
    if (line.kind !== "added") atBefore += 1;
    if (line.kind !== "removed") atAfter += 1;
  }
  return hunks;
}

function nearChanges(lines: readonly Line[]): readonly boolean[] {
  const near = lines.map(() => false);
  for (const [index, { kind }] of lines.entries()) {
    if (kind !== "kept") near.fill(true, Math.max(0, index - CONTEXT), index + CONTEXT + 1);
  }
  return near;
}

function diffLines(before: readonly string[], after: readonly string[]): readonly Line[] {
  const paths = searchPaths(before, after);
  if (paths === undefined) {
    return [
      ...before.map((text): Line => ({ kind: "removed", text })),
      ...after.map((text): Line => ({ kind: "added", text })),
    ];
  }
  return walkBack(before, after, paths);
}

/** The farthest line of `before` on each diagonal, for each number of changes. */
type Reach = ReadonlyMap<number, number>;

function searchPaths(before: readonly string[], after: readonly string[]): readonly Reach[] | undefined {
  let reach: Reach = new Map([[1, 0]]);
  const paths: Reach[] = [];
  for (let changes = 0; changes <= MOST_CHANGES; changes += 1) {
    paths.push(reach);
    const next = new Map(reach);
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      let x = firstOf(reach, diagonal, changes);
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      next.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return paths;
    }
    reach = next;
  }
  return undefined;
}

function isDown(reach: Reach, diagonal: number, changes: number): boolean {
  const [below, above] = [reach.get(diagonal - 1) ?? -1, reach.get(diagonal + 1) ?? -1];
  return diagonal === -changes || (diagonal !== changes && below < above);
}

function firstOf(reach: Reach, diagonal: number, changes: number): number {
  if (isDown(reach, diagonal, changes)) return reach.get(diagonal + 1) ?? 0;
  return (reach.get(diagonal - 1) ?? 0) + 1;
}

function walkBack(before: readonly string[], after: readonly string[], paths: readonly Reach[]): Line[] {
  const lines: Line[] = [];
  let [x, y] = [before.length, after.length];
  for (let changes = paths.length - 1; changes >= 0; changes -= 1) {
    const reach: Reach = paths[changes] ?? new Map();
    const down = isDown(reach, x - y, changes);
    const from = down ? x - y + 1 : x - y - 1;
    const fromX = reach.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      lines.push({ kind: "kept", text: before[x] ?? "" });
    }
    if (changes === 0) break;
    if (down) lines.push({ kind: "added", text: after[fromY] ?? "" });
    else lines.push({ kind: "removed", text: before[fromX] ?? "" });
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
}
