/** Columns that the tables of benches and of the documentation's pages have in common. */
import type { StormResult } from "./secret/storm.ts";

/** What stands above it, and what it says of a row. */
export type Column<Row> = readonly [head: string, cell: (row: Row) => string];

/** Head and rows of a table, as text. */
export function laidOut<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): [head: readonly string[], rows: readonly (readonly string[])[]] {
  return [columns.map(([head]) => head), rows.map((row) => columns.map(([, cell]) => cell(row)))];
}

export const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

interface Load {
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly cpuMicroseconds: number;
  readonly memory: number;
}

/** What a server does. */
export const OF_LOAD: readonly Column<Load>[] = [
  ["at once", ({ connections }) => String(connections)],
  ["requests/s", ({ requestsPerSecond }) => requestsPerSecond.toFixed(0)],
  ["p50 ms", ({ p50Milliseconds }) => p50Milliseconds.toFixed(2)],
  ["p99 ms", ({ p99Milliseconds }) => p99Milliseconds.toFixed(2)],
  ["CPU µs", ({ cpuMicroseconds }) => cpuMicroseconds.toFixed(0)],
  ["memory, MiB", ({ memory }) => mebibytes(memory)],
];

/** What became of a rollout. */
export const OF_ROLLOUT: readonly Column<StormResult>[] = [
  ["Rollout", ({ storm }) => storm],
  ["containers", ({ containers }) => String(containers)],
  ["without secrets", ({ failed }) => String(failed)],
  ["p50 ms", ({ p50Milliseconds }) => p50Milliseconds.toFixed(1)],
  ["p99 ms", ({ p99Milliseconds }) => p99Milliseconds.toFixed(0)],
  ["slowest ms", ({ slowestMilliseconds }) => slowestMilliseconds.toFixed(0)],
  ["AWS calls", ({ awsCalls }) => String(awsCalls)],
  ["throttled", ({ awsThrottled }) => String(awsThrottled)],
  ["MiB before", ({ memoryBefore }) => mebibytes(memoryBefore)],
  ["MiB after", ({ memoryAfter }) => mebibytes(memoryAfter)],
];
