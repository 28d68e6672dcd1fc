/**
 * Counters and histograms, told apart by labels. A series is found once and kept where it is used: to count in it is
 * then an addition, on a path that takes some microseconds in all.
 */
import { type Family, formatNumber, type Labels, type Sample } from "./exposition.ts";

/** A family whose series have labels of these names. */
export interface Series<Name extends string, T> extends Family {
  /** The series of these values; the one called `other` when there are too many already. */
  readonly of: (values: Readonly<Record<Name, string>>) => T;
}

/**
 * Values of labels are written in this program and none is taken from a request. Should one be by mistake, neither
 * our memory nor Prometheus' pays for it.
 */
const MOST_SERIES = 200;

export interface Counter {
  value: number;
}

export interface Histogram {
  /** Of so many seconds. */
  readonly observe: (seconds: number) => void;
}

export interface Heading<Name extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Name[];
}

export function createCounters<Name extends string>(heading: Heading<Name>): Series<Name, Counter> {
  const { all, of } = createSeries(heading, (): Counter => ({ value: 0 }));
  return {
    ...heading,
    type: "counter",
    of,
    *samples() {
      for (const { labels, measured } of all()) yield { labels, value: measured.value };
    },
  };
}

/** @param bounds upper bounds of the buckets in seconds, rising, without the last, which is infinite */
export function createHistograms<Name extends string>(
  heading: Heading<Name>,
  bounds: readonly number[],
): Series<Name, Histogram> {
  const { all, of } = createSeries(heading, () => createHistogram(bounds));
  return {
    ...heading,
    type: "histogram",
    of,
    *samples() {
      for (const { labels, measured } of all()) yield* measured.samples(labels);
    },
  };
}

function createHistogram(bounds: readonly number[]) {
  // Each observation is counted in one bucket, and added up when somebody asks.
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    observe(seconds: number) {
      let bucket = 0;
      while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      sum += seconds;
    },
    *samples(labels: Labels): Iterable<Sample> {
      let count = 0;
      for (const [bucket, inBucket] of counts.entries()) {
        count += inBucket;
        const bound = formatNumber(bounds[bucket] ?? Number.POSITIVE_INFINITY);
        yield { suffix: "_bucket", labels: [...labels, ["le", bound]], value: count };
      }
      yield { suffix: "_sum", labels, value: sum };
      yield { suffix: "_count", labels, value: count };
    },
  };
}

function createSeries<Name extends string, T>({ labels: names }: Heading<Name>, create: () => T) {
  const known = new Map<string, { readonly labels: Labels; readonly measured: T }>();
  const at = (key: string, labelOf: (name: Name) => string): T => {
    const found = known.get(key);
    if (found !== undefined) return found.measured;
    const measured = create();
    known.set(key, { labels: names.map((name) => [name, labelOf(name)]), measured });
    return measured;
  };
  return {
    all: () => known.values(),
    of(values: Readonly<Record<Name, string>>): T {
      // No value has a line's end in it, so that no two series have one key.
      let key = "";
      for (const name of names) key += `${values[name]}\n`;
      const isOneTooMany = known.size >= MOST_SERIES && !known.has(key);
      return isOneTooMany ? at("other", () => "other") : at(key, (name) => values[name]);
    },
  };
}
