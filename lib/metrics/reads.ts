/** How secrets and parameters are read: how often from what is kept, what AWS is asked for, and what is turned away. */
import type { ErrorCode } from "../error.ts";
import { type Call, createCallMetrics } from "./calls.ts";
import type { Family } from "./exposition.ts";
import { type Counter, createCounters, type Heading, type Series } from "./family.ts";

export type ReadEvent =
  /** How a reading was answered: from what is kept, by a call, by another's, with what is past its time, or not. */
  | { readonly kind: "read"; readonly from: From; readonly code?: ErrorCode }
  /** Of a call to AWS, its end. `tried` is 1 for the first time, more when it was made again. */
  | {
      readonly kind: "call";
      /** As AWS names it: `GetSecretValue`. */
      readonly action: string;
      readonly outcome: "ok" | ErrorCode;
      readonly milliseconds: number;
      readonly tried: number;
    }
  /** Something kept was taken out because AWS gives it no more. */
  | { readonly kind: "dropped"; readonly code: ErrorCode }
  /** Somewhere no more could wait. */
  | { readonly kind: "refused"; readonly queue: Queue }
  /** There is a queue from now on, whose load can be asked for at any time. */
  | { readonly kind: "queue"; readonly queue: Queue; readonly load: () => Load };

type From = "kept" | "call" | "shared" | "stale" | "failed";
/** `requests` wait nowhere: there is room for so many, and for so much of their bodies. */
type Queue = "aws" | "tokenReview" | "pod" | "requests";

interface Load {
  readonly underWay: number;
  readonly waiting: number;
}

export interface ReadMetrics {
  readonly families: readonly Family[];
  readonly observe: (event: ReadEvent) => void;
  /** Of a call to AWS that reads nothing. */
  readonly observeAws: (call: Call) => void;
}

const HEADINGS = {
  reads: {
    name: "piggy_reads_total",
    help: "Readings of a secret, a parameter or a path: from what is kept, by a call, shared with another's, stale or failed.",
    labels: ["from", "code"],
  },
  retries: {
    name: "piggy_aws_retries_total",
    help: "Calls to AWS that were made again after a failure, by api.",
    labels: ["api"],
  },
  drops: {
    name: "piggy_cache_drops_total",
    help: "What was kept and taken out because AWS gives it no more, by the error's code.",
    labels: ["code"],
  },
  refusals: {
    name: "piggy_queue_refusals_total",
    help: "What was turned away because too many waited already, or were under way, by queue.",
    labels: ["queue"],
  },
} as const satisfies Readonly<Record<string, Heading<string>>>;

export function createReadMetrics(): ReadMetrics {
  const reads = createCounters(HEADINGS.reads);
  const retries = createCounters(HEADINGS.retries);
  const drops = createCounters(HEADINGS.drops);
  const refusals = createCounters(HEADINGS.refusals);
  const aws = createCallMetrics({ name: "aws", title: "AWS", label: "api" });
  const loads = new Map<Queue, () => Load>();
  begin(reads, refusals);
  const readsOf = ({ from, code }: Extract<ReadEvent, { kind: "read" }>) =>
    reads.of({ from, code: code ?? "" });
  // Nearly every reading while Pods come in numbers.
  const kept = readsOf({ kind: "read", from: "kept" });
  return {
    families: [reads, ...aws.families, retries, drops, refusals, ...queueFamilies(loads)],
    observeAws: aws.observe,
    observe(event) {
      switch (event.kind) {
        case "read":
          (event.code === undefined && event.from === "kept" ? kept : readsOf(event)).value += 1;
          return;
        case "call": {
          const api = apiOf(event.action);
          aws.observe({ what: api, outcome: event.outcome, seconds: event.milliseconds / 1000 });
          if (event.tried > 1) retries.of({ api }).value += 1;
          return;
        }
        case "dropped":
          drops.of({ code: event.code }).value += 1;
          return;
        case "refused":
          refusals.of({ queue: event.queue }).value += 1;
          return;
        case "queue":
          loads.set(event.queue, event.load);
          return;
      }
    },
  };
}

function queueFamilies(loads: ReadonlyMap<Queue, () => Load>): readonly Family[] {
  const family = (name: string, help: string, read: (load: Load) => number): Family => ({
    name,
    help,
    type: "gauge",
    samples: () => [...loads].map(([queue, load]) => ({ labels: [["queue", queue]], value: read(load()) })),
  });
  return [
    family("piggy_queue_under_way", "Calls that are under way, by queue.", ({ underWay }) => underWay),
    family("piggy_queue_waiting", "Calls that wait their turn, by queue.", ({ waiting }) => waiting),
  ];
}

/** Those that are there from the start, so that the first of a kind is seen as an increase. */
function begin(reads: Series<"from" | "code", Counter>, refusals: Series<"queue", Counter>): void {
  for (const from of ["kept", "call", "shared"] as const) reads.of({ from, code: "" });
  for (const queue of ["aws", "tokenReview", "pod", "requests"] as const) refusals.of({ queue });
}

const APIS: ReadonlySet<string> = new Set([
  "AssumeRole",
  "GetParameter",
  "GetParametersByPath",
  "GetSecretValue",
]);

function apiOf(action: string): string {
  return APIS.has(action) ? action : "other";
}
