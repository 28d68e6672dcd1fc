/** What is done to the replicas and around them in a run, and when. Pure. */
import { createRandom, shuffled } from "./random.ts";

/** Of the two by how long they have run. */
export type Which = "elder" | "younger";

export type Deed =
  | { readonly kind: "kill" | "delete"; readonly which: Which }
  | { readonly kind: "rollout" | "delete CA" | "empty caBundle" }
  | { readonly kind: "throttle" | "AWS down" | "API server"; readonly seconds: number }
  | {
      readonly kind: "clock";
      readonly which: Which | "both";
      readonly aheadMs: number;
      readonly seconds: number;
    };

export interface Planned {
  /** Seconds from the begin of the run. */
  readonly at: number;
  readonly deed: Deed;
}

/** In words that fit an axis. */
export function nameOf(deed: Deed): string {
  switch (deed.kind) {
    case "kill":
      return "SIGKILL";
    case "delete":
      return "Pod deleted";
    case "rollout":
      return "rollout restart";
    case "delete CA":
      return "CA Secret deleted";
    case "empty caBundle":
      return "caBundle emptied";
    case "throttle":
      return "AWS throttles";
    case "AWS down":
      return "AWS down";
    case "API server":
      return "API server restarted";
    case "clock":
      return `clock ${inMinutes(deed.aheadMs)}, ${deed.which === "both" ? "both" : "one"}`;
  }
}

const inMinutes = (milliseconds: number) =>
  `${milliseconds < 0 ? "−" : "+"}${Math.abs(milliseconds) / MINUTE_MS} min`;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Behind the time that nothing is kept longer than, and ahead of what AWS lets pass of a signature. */
const SOME_MINUTES_MS = 7 * MINUTE_MS;

/** A kind of deed. What lasts, lasts a share of the time until the next one. */
interface Row {
  readonly perHour: number;
  /** Ends the elder: later on one replica is left alone, so that what it holds can be watched for long. */
  readonly isEarly?: true;
  readonly deed: (untilNext: number) => Deed;
}

const clock =
  (which: Which | "both", aheadMs: number) =>
  (untilNext: number): Deed => ({ kind: "clock", which, aheadMs, seconds: 0.7 * untilNext });

/** An API server that restarts is away for some seconds, however long the run. */
const API_SERVER_AWAY_S = 3;

const ROWS: readonly Row[] = [
  { perHour: 1, deed: () => ({ kind: "delete CA" }) },
  { perHour: 1, deed: () => ({ kind: "empty caBundle" }) },
  { perHour: 2, isEarly: true, deed: () => ({ kind: "rollout" }) },
  { perHour: 2, isEarly: true, deed: () => ({ kind: "kill", which: "elder" }) },
  { perHour: 1, isEarly: true, deed: () => ({ kind: "delete", which: "elder" }) },
  { perHour: 6, deed: () => ({ kind: "kill", which: "younger" }) },
  { perHour: 4, deed: () => ({ kind: "delete", which: "younger" }) },
  { perHour: 4, deed: (untilNext) => ({ kind: "throttle", seconds: 0.6 * untilNext }) },
  { perHour: 3, deed: (untilNext) => ({ kind: "AWS down", seconds: 0.3 * untilNext }) },
  { perHour: 4, deed: () => ({ kind: "API server", seconds: API_SERVER_AWAY_S }) },
  { perHour: 2, deed: clock("elder", HOUR_MS) },
  { perHour: 1, deed: clock("both", HOUR_MS) },
  { perHour: 2, deed: clock("younger", SOME_MINUTES_MS) },
  { perHour: 2, deed: clock("elder", -SOME_MINUTES_MS) },
  { perHour: 1, deed: clock("both", -SOME_MINUTES_MS) },
];

/** Of the run: what comes first finds everything at work, and what comes last has time to show. */
const BEGIN = 0.05;
const END = 0.92;
/** What ends the elder comes within this share of all. */
const EARLY = 0.4;
/** Of the time between two deeds, so that they do not beat with anything. */
const JITTER = 0.3;

/** Every kind at least once, and evenly. The same for the same length and seed. */
export function planDeeds(seconds: number, seed: number): readonly Planned[] {
  const random = createRandom(seed);
  const times = (row: Row) => Math.max(1, Math.round((row.perHour * seconds) / 3600));
  const rows = ROWS.flatMap((row) => Array.from({ length: times(row) }, () => row));
  const untilNext = (seconds * (END - BEGIN)) / rows.length;
  return inOrder(rows, random).map((row, index) => ({
    at: seconds * BEGIN + untilNext * (index + JITTER * random()),
    deed: row.deed(untilNext),
  }));
}

function inOrder(rows: readonly Row[], random: () => number): readonly Row[] {
  const early = shuffled(
    rows.filter(({ isEarly }) => isEarly),
    random,
  );
  const others = [
    ...shuffled(
      rows.filter(({ isEarly }) => !isEarly),
      random,
    ),
  ];
  const first = others.splice(0, Math.max(0, Math.ceil(rows.length * EARLY) - early.length));
  return [...shuffled([...early, ...first], random), ...others];
}
