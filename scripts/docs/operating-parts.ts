/** The tables of docs/operating.md that say what replicas can do: as a bench measured it. Pure. */
import { OURS as ADMISSION } from "../../bench/admission/names.ts";
import { OURS, UNCACHED } from "../../bench/secret/names.ts";
import { markdownTable } from "./markdown.ts";
import type { Parts } from "./parts.ts";
import { type Results, the } from "./results.ts";

/** At so many connections a replica is busy. */
const BUSY = 16;

interface Measured {
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  readonly p99Milliseconds: number;
  readonly memory: number;
}

export function operatingParts({ admission, secret }: Results): Parts {
  const admitted = (scenario: string) =>
    the(admission.measurements, { scenario, connections: BUSY, server: ADMISSION });
  const given = (server: string) => the(secret.measurements, { connections: BUSY, server });
  const head = ["One replica, one processor", "a second", "CPU of one", "99 of 100 within", "memory", ""];
  const sizing = markdownTable(head, [
    row("Pods admitted, `command` in the manifest", admitted("command given"), "admission"),
    row("Pods admitted, entrypoint kept of an earlier look-up", admitted("image known"), "admission"),
    row("containers that get a secret which is kept", given(OURS), "secret"),
    row("containers that get a secret, AWS asked each time", given(UNCACHED), "secret"),
  ]);
  return { sizing, rollouts: rolloutsOf(secret) };
}

/** Thousands of containers within a minute, in three kinds of weather. */
function rolloutsOf({ throttled, down, limited }: Results["secret"]): string {
  const head = [
    "Two replicas, a rollout of",
    "while",
    "without their secrets",
    "99 of 100 within",
    "CPU of one",
    "memory of a replica",
    "calls that AWS answered",
  ];
  return markdownTable(
    head,
    [throttled, down, ...(limited === undefined ? [] : [limited])].map((each) => [
      `${each.containers.toLocaleString("en")} containers`,
      each.storm,
      String(each.failed),
      `${(each.p99Milliseconds / 1000).toFixed(1)} s`,
      `${(each.cpuMicroseconds / 1000).toFixed(1)} ms`,
      `${(each.memoryAfter / 2 ** 20).toFixed(0)} MiB`,
      String(each.awsCalls),
    ]),
  );
}

function row(what: string, measured: Measured, results: string): readonly string[] {
  return [
    what,
    Math.round(measured.requestsPerSecond).toLocaleString("en"),
    `${Math.round(measured.cpuMicroseconds)} µs`,
    `${measured.p99Milliseconds.toFixed(0)} ms`,
    `${(measured.memory / 2 ** 20).toFixed(0)} MiB`,
    `[${results}.json](../bench/results/${results}.json)`,
  ];
}
