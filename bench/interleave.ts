/** Measurements that are taken in turns, so that what disturbs the machine disturbs all of them alike. */

export interface Case {
  readonly name: string;
  /** Does it once; returns milliseconds. */
  readonly once: () => Promise<number>;
}

export interface Measurement {
  readonly name: string;
  readonly median: number;
  readonly fastest: number;
}

/** Runs every case once to warm it, then `rounds` times in turns. */
export async function interleave(cases: readonly Case[], rounds: number): Promise<readonly Measurement[]> {
  const times = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const { name, once } of cases) {
      const time = await once();
      if (round >= 0) times.get(name)?.push(time);
    }
  }
  return [...times].map(([name, taken]) => {
    const sorted = taken.toSorted((a, b) => a - b);
    return { name, median: sorted[sorted.length >> 1] ?? Number.NaN, fastest: sorted[0] ?? Number.NaN };
  });
}

/** A table of medians, and of their ratios to the first row's. */
export function formatMeasurements(measurements: readonly Measurement[]): string {
  const width = Math.max(...measurements.map(({ name }) => name.length));
  const base = measurements[0]?.median ?? Number.NaN;
  const rows = measurements.map(
    ({ name, median, fastest }) =>
      `${name.padEnd(width)}  ${median.toFixed(2).padStart(8)}  ${fastest.toFixed(2).padStart(8)}  ${(median / base).toFixed(1).padStart(6)}`,
  );
  return [
    `${"".padEnd(width)}  ${"median".padStart(8)}  ${"fastest".padStart(8)}  ${"ratio".padStart(6)}`,
    ...rows,
  ].join("\n");
}
