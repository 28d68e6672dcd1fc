/** What comes in at the door, by route and by what became of it. */
import type { Family } from "./exposition.ts";
import { type Counter, createCounters, createHistograms } from "./family.ts";

export type Route = "mutate" | "secret" | "probe" | "other";

/**
 * What became of a request. A Pod's: `injected`, `unwrapped`, `skipped` where it should have had the injector and starts
 * without, `unconcerned`. For secrets: `allowed`. `denied` is a decision against whoever asked, `failed` everything
 * else that did not get its answer, and `answered` what is no question to us.
 */
export type Outcome =
  | "injected"
  | "unwrapped"
  | "skipped"
  | "unconcerned"
  | "allowed"
  | "denied"
  | "failed"
  | "answered";

/** A request's end, and the code of what denied or failed it; a good one has none. */
export interface Result {
  readonly outcome: Outcome;
  readonly code?: string;
}

export interface RequestMetrics {
  readonly families: readonly Family[];
  /** @returns when it began, for `end` */
  readonly begin: (route: Route) => number;
  readonly end: (route: Route, begun: number, result: Result) => void;
}

/** From a Pod that asks nothing of us to the API server's longest patience, in seconds. */
const BOUNDS = [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const MILLISECONDS = 1e3;

/** Those that are there from the start, so that the first of a kind is seen as an increase. */
const EXPECTED: Readonly<Record<Route, readonly Outcome[]>> = {
  mutate: ["injected", "unwrapped", "skipped", "unconcerned"],
  secret: ["allowed"],
  probe: ["answered"],
  other: ["answered"],
};
const ROUTES = ["mutate", "secret", "probe", "other"] as const;

/** The clock is in milliseconds and never set back. */
export function createRequestMetrics(now: () => number = () => performance.now()): RequestMetrics {
  const counters = createCounters({
    name: "piggy_requests_total",
    help: "Requests answered, by route, outcome and, of those denied or failed, the error's code.",
    labels: ["route", "outcome", "code"],
  });
  const histograms = createHistograms(
    {
      name: "piggy_request_duration_seconds",
      help: "Time from a request's head to its answer, by route.",
      labels: ["route"],
    },
    BOUNDS,
  );
  const measure = (route: Route) => {
    const good = new Map<Outcome, Counter>();
    for (const outcome of EXPECTED[route]) good.set(outcome, counters.of({ route, outcome, code: "" }));
    return { good, duration: histograms.of({ route }), inFlight: 0 };
  };
  const routes = {
    mutate: measure("mutate"),
    secret: measure("secret"),
    probe: measure("probe"),
    other: measure("other"),
  };
  return {
    families: [counters, histograms, inFlight((route) => routes[route].inFlight)],
    begin(route) {
      routes[route].inFlight += 1;
      return now();
    },
    end(route, begun, { outcome, code = "" }) {
      const measured = routes[route];
      measured.inFlight -= 1;
      measured.duration.observe((now() - begun) / MILLISECONDS);
      const counter = code === "" ? measured.good.get(outcome) : undefined;
      (counter ?? counters.of({ route, outcome, code })).value += 1;
    },
  };
}

function inFlight(read: (route: Route) => number): Family {
  return {
    name: "piggy_requests_in_flight",
    help: "Requests that are being answered, by route.",
    type: "gauge",
    samples: () => ROUTES.map((route) => ({ labels: [["route", route]], value: read(route) })),
  };
}
