/** What was seen in a run. Times are in seconds from its begin, by the clock of the machine. */
import type { Descriptors } from "./descriptors.ts";

export type ViolationKind =
  | "literal"
  | "wrong value"
  | "kept too long"
  | "lost"
  | "allowed without patch"
  | "certificate not valid"
  | "wrongly denied"
  | "stranger in the audit"
  | "value in a log"
  | "value in an Event"
  | "not mended"
  | "memory"
  | "descriptors"
  | "connections"
  | "the run itself";

export interface Violation {
  readonly at: number;
  readonly kind: ViolationKind;
  /** The Pod or replica. */
  readonly who: string;
  readonly what: string;
}

/** Why something was done again: what the API server or the injector said, in a word. */
export interface Retry {
  readonly at: number;
  readonly of: "create" | "container" | "admission";
  readonly why: string;
}

export interface Timed {
  readonly at: number;
  readonly ms: number;
}

export interface Held {
  readonly at: number;
  readonly replica: string;
  /** Bytes. */
  readonly memory: number;
  readonly descriptors: Descriptors;
}

export interface Served {
  readonly at: number;
  readonly replica: string;
  /** Seconds until it ends; fewer than none where it has ended. */
  readonly left: number;
}

export interface Happened {
  readonly at: number;
  readonly until?: number;
  readonly name: string;
}

export interface Sightings {
  readonly pods: Timed[];
  readonly admissions: Timed[];
  readonly retries: Retry[];
  readonly held: Held[];
  readonly served: Served[];
  readonly happened: Happened[];
  readonly violations: Violation[];
  /** Lines of replicas' logs, by what they say. */
  readonly said: Map<string, number>;
  /** Starts of containers that were judged. */
  judged: number;
  /** Containers that were killed and have started again. */
  startedAgain: number;
  /** Connections whose certificate was verified. */
  verified: number;
}

export interface Recorder {
  readonly seen: Sightings;
  /** While the API server has been told to trust nobody it trusts no certificate. */
  isTrustTakenAway: boolean;
  /** Seconds since the begin. */
  readonly at: () => number;
  /** Remembers a line of a replica, for what is printed with a violation. */
  readonly overhear: (replica: string, line: string) => void;
  /** Counts and prints it, with what the replicas have said last. */
  readonly violated: (kind: ViolationKind, who: string, what: string) => void;
}

const LINES_OF_A_REPLICA = 12;
/** Of one kind more say nothing new; all are counted. */
const MOST_PRINTED = 25;
const MOST_WITH_LINES = 5;
const LONGEST_LINE = 600;

export function createRecorder(print: (line: string) => void): Recorder {
  const begun = performance.now();
  const at = () => (performance.now() - begun) / 1000;
  const overheard = new Map<string, string[]>();
  const seen: Sightings = {
    pods: [],
    admissions: [],
    retries: [],
    held: [],
    served: [],
    happened: [],
    violations: [],
    said: new Map(),
    judged: 0,
    startedAgain: 0,
    verified: 0,
  };
  return {
    seen,
    isTrustTakenAway: false,
    at,
    overhear(replica, line) {
      const lines = overheard.get(replica) ?? [];
      overheard.set(replica, lines);
      lines.push(line);
      if (lines.length > LINES_OF_A_REPLICA) lines.shift();
      // Of those that have gone the last are enough.
      const [oldest = ""] = overheard.keys();
      if (overheard.size > 4) overheard.delete(oldest);
    },
    violated(kind, who, what) {
      seen.violations.push({ at: at(), kind, who, what });
      const alike = seen.violations.filter((each) => each.kind === kind).length;
      if (alike > MOST_PRINTED) return;
      print(`VIOLATION at ${at().toFixed(1)} s, ${new Date().toISOString()}: ${kind}, ${who}: ${what}`);
      if (alike > MOST_WITH_LINES) return;
      for (const [replica, lines] of overheard) {
        for (const line of lines) print(`    ${replica}: ${line.slice(0, LONGEST_LINE)}`);
      }
    },
  };
}
