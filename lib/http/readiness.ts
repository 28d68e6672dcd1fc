/** Whether requests may come. What it waits for at the start is waited for once: later trouble is told to each request. */

const REASONS = {
  certificate: "no certificate is loaded",
  apiServer: "the API server has not answered yet",
} as const;

export type Condition = keyof typeof REASONS;

export interface Readiness {
  /** Says that it is so, from now on. */
  readonly meet: (condition: Condition) => void;
  readonly isMet: (condition: Condition) => boolean;
  /** Why nobody should ask now; undefined when all may. */
  readonly reason: () => string | undefined;
}

export function createReadiness(isDraining: () => boolean): Readiness {
  const open = new Map<Condition, string>([
    ["certificate", REASONS.certificate],
    ["apiServer", REASONS.apiServer],
  ]);
  return {
    meet: (condition) => void open.delete(condition),
    isMet: (condition) => !open.has(condition),
    reason() {
      if (isDraining()) return "draining";
      return open.size === 0 ? undefined : [...open.values()].join("; ");
    },
  };
}
