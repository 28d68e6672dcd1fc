/** The parts of docs/soak.md, from what the last run left. Pure. */
import type { Quantiles, SoakResults } from "../../soak/report.ts";
import { markdownTable } from "./markdown.ts";
import type { Parts } from "./parts.ts";
import type { Results } from "./results.ts";

export function soakParts({ soak }: Results): Parts {
  return {
    run: describe(soak),
    counts: counts(soak),
    events: events(soak),
    "what was tried again": again(soak),
    "what replicas held": held(soak),
    violations: violations(soak),
  };
}

function describe({ seconds, seed, lives, date, processors, processor, kernel }: Results["soak"]): string {
  return [
    `${seconds / 60} minutes, seed ${seed}: \`npm run soak -- --minutes ${seconds / 60} --seed ${seed}\`.`,
    `Certificates lived ${lives.certificateMs / 1000} s and the CA ${lives.caMs / 1000} s, in place of 30 days and ten years.`,
    `${date.slice(0, 10)}, ${processors} × ${processor}, Linux ${kernel}.`,
  ].join("\n");
}

function counts(soak: SoakResults): string {
  const row = (what: string, { count, p50, p90, p99, slowest }: Quantiles) => [
    what,
    String(count),
    ...[p50, p90, p99, slowest].map((milliseconds) => `${(milliseconds / 1000).toFixed(2)}`),
  ];
  const table = markdownTable(
    ["", "how many", "p50 s", "p90 s", "p99 s", "slowest s"],
    [
      row("Pods, from the first try to create them to the first instruction of their program", soak.starts),
      row("Admissions besides, by server-side dry run", soak.admissions),
    ],
  );
  const said = (what: string) => soak.said[what] ?? 0;
  return [
    table,
    "",
    `${soak.judged} starts of programs were judged, ${soak.startedAgain} of them of containers that had been killed.`,
    `${said("certificate made")} certificates were made and ${said("CA written")} times a CA was written;`,
    `${soak.verified} connections to a replica verified what it served. ${said("allowed")} requests for secrets were`,
    `allowed, each for a Pod of the run. ${soak.processes} processes were a replica at some time.`,
  ].join("\n");
}

function events({ happened }: SoakResults): string {
  const names = [...new Set(happened.map(({ name }) => name))].sort();
  return markdownTable(
    ["What was done", "times", "each for, s"],
    names.map((name) => {
      const all = happened.filter((each) => each.name === name);
      const lasting = all.flatMap(({ at, until }) => (until === undefined ? [] : [until - at]));
      return [name, String(all.length), lasting.length === 0 ? "" : Math.max(...lasting).toFixed(0)];
    }),
  );
}

const WHAT = {
  create: "creation of a Pod",
  container: "start of a container",
  admission: "admission",
} as const;

function again({ retries }: SoakResults): string {
  const kinds = ["create", "container", "admission"] as const;
  return markdownTable(
    ["Tried again", "because", "times"],
    kinds.flatMap((of) =>
      Object.entries(retries[of])
        .toSorted(([, one], [, other]) => other - one)
        .map(([why, count]) => [WHAT[of], why, String(count)]),
    ),
  );
}

function held({ steadiness, mostMemory }: SoakResults): string {
  const most = `No process held more than ${(mostMemory / 2 ** 20).toFixed(0)} MiB that the kernel cannot take back, of the 128 that the chart gives it.`;
  if (steadiness.length === 0) return `${most} None lived long enough for more to be said.`;
  const table = markdownTable(
    ["Process", "lived, minutes", "memory, late / early", "descriptors, late / early", "connections kept"],
    steadiness.map(({ replica, seconds, memory, descriptors, kept }) => [
      replica,
      (seconds / 60).toFixed(0),
      memory.toFixed(3),
      descriptors.toFixed(3),
      String(kept),
    ]),
  );
  return `${most} Of those that lived for twenty minutes and more:\n\n${table}`;
}

function violations({ violations: all }: SoakResults): string {
  if (all.length === 0) return "Everything held.";
  const kinds = [...new Set(all.map(({ kind }) => kind))].sort();
  return markdownTable(
    ["What did not hold", "times"],
    kinds.map((kind) => [kind, String(all.filter((each) => each.kind === kind).length)]),
  );
}
