/** What was measured, as text. */
import { type Column, laidOut, mebibytes, OF_LOAD, OF_ROLLOUT } from "../columns.ts";
import { formatTable } from "../table.ts";
import { growth } from "./claims.ts";
import type { Lasting } from "./lasting.ts";
import type { Measurement } from "./measure.ts";
import type { StormResult } from "./storm.ts";

const percent = (share: number) => `${(share * 100).toFixed(0)} %`;

export function formatMeasurements(measurements: readonly Measurement[]): string {
  const columns: readonly Column<Measurement>[] = [
    ["", ({ server }) => server],
    ...OF_LOAD,
    ["client CPU", ({ clientShare }) => percent(clientShare)],
    ["backend CPU", ({ backendShare }) => percent(backendShare)],
    ["API calls", ({ apiCalls }) => apiCalls.toFixed(2)],
    ["AWS calls", ({ awsCalls }) => awsCalls.toFixed(2)],
  ];
  return formatTable(...laidOut(columns, measurements));
}

export function formatLasting(lasting: readonly Lasting[]): string {
  const columns: readonly Column<Lasting>[] = [
    ["", ({ server }) => server],
    ["requests", ({ requests }) => String(requests)],
    ["MiB halfway", ({ memoryHalfway }) => mebibytes(memoryHalfway)],
    ["MiB", ({ memory }) => mebibytes(memory)],
    ["descriptors halfway", ({ descriptorsHalfway }) => String(descriptorsHalfway)],
    ["descriptors", ({ descriptors }) => String(descriptors)],
  ];
  return formatTable(...laidOut(columns, lasting));
}

export function formatStorms(results: readonly StormResult[]): string {
  const columns: readonly Column<StormResult>[] = [
    ...OF_ROLLOUT,
    ["growth", (result) => growth(result).toFixed(2)],
    ["questions", ({ attempts }) => String(attempts)],
    ["CPU µs", ({ cpuMicroseconds }) => cpuMicroseconds.toFixed(0)],
  ];
  return formatTable(...laidOut(columns, results));
}
