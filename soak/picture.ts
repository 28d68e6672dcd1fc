/** docs/soak.svg: the run of docs/soak.md over its time. Pure. */
import type { Machine } from "../bench/machine.ts";
import { drawPlots, type Mark, type Plot } from "./plot.ts";
import type { Bucket, Points, SoakResults } from "./report.ts";

export function drawSoak(results: SoakResults & Machine): string {
  const { seconds, seed, happened, buckets, memory, certificates, date, processors, processor, kernel } =
    results;
  const signs = signsOf(happened.map(({ name }) => name));
  const marks = happened.map(
    ({ at, until, name }): Mark => ({
      at,
      ...(until === undefined ? {} : { until }),
      sign: signs.get(name) ?? "",
    }),
  );
  const of = (value: (bucket: Bucket) => number | null): Points =>
    buckets.flatMap((bucket) => {
      const found = value(bucket);
      return found === null ? [] : [[bucket.at, found] as const];
    });
  const plots: readonly Plot[] = [
    {
      title: "A Pod's creation to its program with the right values",
      lines: [
        { name: "p50", points: of(({ startP50 }) => startP50) },
        { name: "p99", points: of(({ startP99 }) => startP99) },
      ],
      scale: { logarithmicFrom: 100 },
      format: inSeconds,
    },
    {
      title: "An admission, as its client sees it",
      lines: [
        { name: "p50", points: of(({ admissionP50 }) => admissionP50) },
        { name: "p99", points: of(({ admissionP99 }) => admissionP99) },
      ],
      scale: { logarithmicFrom: 1 },
      format: (value) => `${Math.round(value)} ms`,
    },
    {
      title: "What was tried again",
      lines: [
        { name: "creation of a Pod", points: of(({ retries }) => retries.create) },
        { name: "start of a container", points: of(({ retries }) => retries.container) },
        { name: "admission", points: of(({ retries }) => retries.admission) },
      ],
      scale: "linear",
      format: (value) => String(Math.round(value)),
    },
    {
      title: "Memory of each process of the replicas",
      lines: linesOf(memory),
      scale: "linear",
      format: (value) => `${(value / 2 ** 20).toFixed(0)} MiB`,
    },
    {
      title: "Until the certificate ends that is served",
      lines: linesOf(certificates),
      scale: "linear",
      format: (value) => `${Math.round(value)} s`,
    },
  ];
  const times = Object.values(memory).flatMap((points) => points.map(([at]) => at));
  return drawPlots({
    title: "A soak run of piggy-webhooks",
    // Its last Pods came to their end when its time was over.
    seconds: Math.max(seconds, ...times),
    plots,
    marks,
    notes: [
      ...legendOf(signs),
      `Minutes. Seed ${seed}. Two replicas on one node, ${processors} × ${processor}, Linux ${kernel}, ${date.slice(0, 10)}. Drawn by npm run generate from bench/results/soak.json.`,
    ],
  });
}

const inSeconds = (milliseconds: number) => `${Number((milliseconds / 1000).toPrecision(2))} s`;

const NAMES = ["one", "another"];

/** Each a line of its own, in two colours: they follow one another. */
function linesOf(all: Readonly<Record<string, Points>>) {
  return Object.values(all).map((points, index) => ({ name: NAMES[index % 2] ?? "", points }));
}

const A = "A".charCodeAt(0);

function signsOf(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map([...new Set(names)].sort().map((name, index) => [name, String.fromCharCode(A + index)]));
}

const LEGENDS_A_LINE = 5;

function legendOf(signs: ReadonlyMap<string, string>): readonly string[] {
  const all = [...signs].map(([name, sign]) => `${sign} ${name}`);
  return Array.from({ length: Math.ceil(all.length / LEGENDS_A_LINE) }, (_, index) =>
    all.slice(index * LEGENDS_A_LINE, (index + 1) * LEGENDS_A_LINE).join(", "),
  );
}
