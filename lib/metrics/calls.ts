/** What is asked of others: how often, with what outcome, and how long it takes. */
import type { Family } from "./exposition.ts";
import { createCounters, createHistograms } from "./family.ts";

export interface Call {
  /** What was asked for, in a word of ours. */
  readonly what: string;
  readonly outcome: string;
  readonly seconds: number;
}

export interface CallMetrics {
  readonly families: readonly Family[];
  readonly observe: (call: Call) => void;
}

export interface Callee {
  /** As it stands in the metrics' names. */
  readonly name: string;
  /** As it stands in a sentence. */
  readonly title: string;
  /** The label that says what was asked for. */
  readonly label: string;
}

/** From a service next door to one that is waited for until the deadline, in seconds. */
const BOUNDS = [1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createCallMetrics({ name, title, label }: Callee): CallMetrics {
  const counters = createCounters<string>({
    name: `piggy_${name}_requests_total`,
    help: `Calls to ${title}, by ${label} and outcome.`,
    labels: [label, "outcome"],
  });
  const histograms = createHistograms<string>(
    {
      name: `piggy_${name}_request_duration_seconds`,
      help: `Time that calls to ${title} take, by ${label}.`,
      labels: [label],
    },
    BOUNDS,
  );
  const measure = (what: string) => ({
    ok: counters.of({ [label]: what, outcome: "ok" }),
    duration: histograms.of({ [label]: what }),
  });
  // Calls are made several times a request, and of what is asked for there are a few words.
  const known = new Map<string, ReturnType<typeof measure>>();
  return {
    families: [counters, histograms],
    observe({ what, outcome, seconds }) {
      let measured = known.get(what);
      if (measured === undefined) {
        measured = measure(what);
        known.set(what, measured);
      }
      const counter = outcome === "ok" ? measured.ok : counters.of({ [label]: what, outcome });
      counter.value += 1;
      measured.duration.observe(seconds);
    },
  };
}
