/** What was measured, as text. */
import { formatTable } from "../table.ts";
import { growth } from "./claims.ts";
import type { Lasting } from "./lasting.ts";
import type { Measurement } from "./measure.ts";
import type { StormResult } from "./storm.ts";

const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

export function formatMeasurements(measurements: readonly Measurement[]): string {
  return formatTable(
    [
      ...["", "at once", "requests/s", "p50 ms", "p99 ms", "CPU µs", "MiB"],
      ...["client CPU", "backend CPU", "API calls", "AWS calls"],
    ],
    measurements.map((each) => [
      each.server,
      String(each.connections),
      each.requestsPerSecond.toFixed(0),
      each.p50Milliseconds.toFixed(2),
      each.p99Milliseconds.toFixed(2),
      each.cpuMicroseconds.toFixed(1),
      mebibytes(each.memory),
      percent(each.clientShare),
      percent(each.backendShare),
      each.apiCalls.toFixed(2),
      each.awsCalls.toFixed(2),
    ]),
  );
}

export function formatLasting(lasting: readonly Lasting[]): string {
  return formatTable(
    ["", "requests", "MiB halfway", "MiB", "descriptors halfway", "descriptors"],
    lasting.map((each) => [
      each.server,
      String(each.requests),
      mebibytes(each.memoryHalfway),
      mebibytes(each.memory),
      String(each.descriptorsHalfway),
      String(each.descriptors),
    ]),
  );
}

export function formatStorms(results: readonly StormResult[]): string {
  return formatTable(
    [
      ...["", "containers", "failed", "questions", "p50 ms", "p99 ms", "slowest ms"],
      ...["AWS calls", "throttled", "MiB before", "MiB after", "growth", "CPU µs"],
    ],
    results.map((each) => [
      each.storm,
      String(each.containers),
      String(each.failed),
      String(each.attempts),
      each.p50Milliseconds.toFixed(1),
      each.p99Milliseconds.toFixed(1),
      each.slowestMilliseconds.toFixed(0),
      String(each.awsCalls),
      String(each.awsThrottled),
      mebibytes(each.memoryBefore),
      mebibytes(each.memoryAfter),
      growth(each).toFixed(2),
      each.cpuMicroseconds.toFixed(0),
    ]),
  );
}
