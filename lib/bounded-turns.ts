/**
 * Work that waits its turn, in no longer a queue than can be served. It comes in groups: no group is given more than its
 * share, and the group with the least under way is next, so that one that hangs does not hold up the others.
 */

export interface TurnBounds {
  /** Of all groups together. */
  readonly underWay: number;
  readonly waiting: number;
  /** Of one group; by default as much as of all. */
  readonly ofOne?: { readonly underWay: number; readonly waiting: number };
}

interface Group {
  underWay: number;
  readonly waiting: Set<() => void>;
}

export interface Turn<T> {
  readonly group: string;
  /** Ends the wait for the turn, not the work. */
  readonly signal: AbortSignal;
  readonly work: () => Promise<T>;
  /** What is thrown when too many wait already. */
  readonly refused: () => Error;
  /** What is thrown when the signal ends first. */
  readonly late: () => Error;
}

export interface BoundedTurns {
  <T>(turn: Turn<T>): Promise<T>;
  /** Of all groups together, now. */
  readonly load: () => Load;
}

export interface Load {
  readonly underWay: number;
  readonly waiting: number;
}

export function createBoundedTurns({
  underWay,
  waiting,
  ofOne = { underWay, waiting },
}: TurnBounds): BoundedTurns {
  const groups = new Map<string, Group>();
  const all = { underWay: 0, waiting: 0 };
  const mayBegin = (group: Group) => all.underWay < underWay && group.underWay < ofOne.underWay;
  const begin = (group: Group) => {
    all.underWay += 1;
    group.underWay += 1;
  };
  /** Gives what is free to those who wait: the groups with the least under way first, in a group the first who came. */
  const next = () => {
    while (all.waiting > 0 && all.underWay < underWay) {
      const group = leastBusy(groups, mayBegin);
      const [first] = group?.waiting ?? [];
      if (group === undefined || first === undefined) return;
      group.waiting.delete(first);
      all.waiting -= 1;
      begin(group);
      first();
    }
  };
  const end = (name: string, group: Group) => {
    all.underWay -= 1;
    group.underWay -= 1;
    next();
    if (group.underWay === 0 && group.waiting.size === 0) groups.delete(name);
  };
  const wait = (name: string, group: Group, signal: AbortSignal, late: () => Error) =>
    new Promise<void>((resolve, reject) => {
      const onTurn = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = () => {
        group.waiting.delete(onTurn);
        all.waiting -= 1;
        if (group.underWay === 0 && group.waiting.size === 0) groups.delete(name);
        reject(late());
      };
      group.waiting.add(onTurn);
      all.waiting += 1;
      signal.addEventListener("abort", onAbort, { once: true });
    });
  const take = async <T>({ group: name, signal, work, refused, late }: Turn<T>): Promise<T> => {
    if (signal.aborted) throw late();
    const group = groups.get(name) ?? { underWay: 0, waiting: new Set() };
    if (mayBegin(group)) {
      groups.set(name, group);
      begin(group);
    } else {
      if (all.waiting >= waiting || group.waiting.size >= ofOne.waiting) throw refused();
      groups.set(name, group);
      await wait(name, group, signal, late);
    }
    try {
      return await work();
    } finally {
      end(name, group);
    }
  };
  return Object.assign(take, { load: () => ({ ...all }) });
}

function leastBusy(
  groups: ReadonlyMap<string, Group>,
  mayBegin: (group: Group) => boolean,
): Group | undefined {
  let least: Group | undefined;
  for (const group of groups.values()) {
    if (group.waiting.size === 0 || !mayBegin(group)) continue;
    if (least === undefined || group.underWay < least.underWay) least = group;
  }
  return least;
}
