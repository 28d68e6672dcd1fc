/** When each stage of a start was reached, for whoever looks for the milliseconds: PIGGY_DEBUG prints it. */

export type Stage = "start" | "references" | "connect" | "handshake" | "answer" | "exec";

export type Mark = (stage: Stage) => void;

export interface Timeline {
  readonly mark: Mark;
  /** Milliseconds since the process began, by stage, each the last time that it was reached. */
  read(): Readonly<Record<string, number>>;
}

export function createTimeline(now: () => number = () => performance.now()): Timeline {
  const reached: [Stage, number][] = [];
  return {
    mark: (stage) => void reached.push([stage, now()]),
    read: () => Object.fromEntries(reached.map(([stage, at]) => [stage, Math.round(at * 100) / 100])),
  };
}
