/**
 * As much of PromQL as the dashboard of the chart is written in: `sum` and `min` by labels, `rate`, `increase`,
 * `histogram_quantile`, `time()`, `-`, and `and on`. Source: Prometheus' documentation, "Querying basics". A rate is
 * that between the first and the last scrape of its window, without the extrapolation to the window's edges.
 */
import type { Labels } from "../../test/metrics/scrape.ts";
import type { Point, Series } from "./series.ts";

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** The value of an expression at a time, in seconds since the first scrape. */
export type Query = (kept: readonly Series[], at: number) => readonly Sample[];

const TOKEN = /\s*([a-z_]+|"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?s?|=~|[(){}[\],=-])/gy;
/** A scrape that is older says nothing about now. */
const STALE_S = 300;

/** @param epoch of the first scrape, in seconds since 1970 @throws Error for what is not among the above */
export function parseQuery(text: string, epoch: number): Query {
  const tokens = [...text.matchAll(TOKEN)].map(([, token = ""]) => token);
  if (tokens.join("") !== text.replaceAll(/\s/g, "")) throw new Error(`cannot be read: ${text}`);
  const next = () => tokens.shift() ?? "";
  const take = (wanted: string) => {
    const token = next();
    if (token !== wanted) throw new Error(`${JSON.stringify(token)} in the place of ${wanted}: ${text}`);
  };
  const names = () => {
    const found: string[] = [];
    take("(");
    for (let token = next(); token !== ")"; token = next()) if (token !== ",") found.push(token);
    return found;
  };

  function expression(): Query {
    const left = term();
    if (tokens[0] === "-") {
      next();
      const right = term();
      return (kept, at) => {
        const [{ value: less } = { value: Number.NaN }] = right(kept, at);
        return left(kept, at).map(({ labels, value }) => ({ labels, value: value - less }));
      };
    }
    if (tokens[0] === "and") {
      next();
      take("on");
      const by = names();
      const right = term();
      return (kept, at) => {
        const there = new Set(right(kept, at).map(({ labels }) => keyOf(labels, by)));
        return left(kept, at).filter(({ labels }) => there.has(keyOf(labels, by)));
      };
    }
    return left;
  }

  function inner(): Query {
    take("(");
    const query = expression();
    take(")");
    return query;
  }

  function term(): Query {
    const name = next();
    switch (name) {
      case "sum":
      case "min": {
        take("by");
        const by = names();
        const of = inner();
        const put = name === "sum" ? (a: number, b: number) => a + b : Math.min;
        return (kept, at) => grouped(of(kept, at), by, put);
      }
      case "rate":
      case "increase": {
        take("(");
        const meant = selector(next());
        take("[");
        const seconds = Number.parseFloat(next());
        take("]");
        take(")");
        return (kept, at) => meant(kept).flatMap((each) => growth(each, at, seconds, name === "rate"));
      }
      case "histogram_quantile": {
        take("(");
        const quantile = Number(next());
        take(",");
        const of = expression();
        take(")");
        return (kept, at) => quantiles(of(kept, at), quantile);
      }
      case "time":
        names();
        return (_, at) => [{ labels: {}, value: epoch + at }];
      default: {
        const meant = selector(name);
        return (kept, at) => meant(kept).flatMap((each) => latest(each, at));
      }
    }
  }

  function selector(name: string): (kept: readonly Series[]) => readonly Series[] {
    const matchers: (readonly [string, RegExp])[] = [];
    if (tokens[0] === "{") {
      next();
      for (let label = next(); label !== "}"; label = next()) {
        if (label === ",") continue;
        const operator = next();
        const value: string = JSON.parse(next());
        const pattern = operator === "=~" ? value : value.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
        matchers.push([label, new RegExp(`^(?:${pattern})$`)]);
      }
    }
    return (kept) =>
      kept.filter(
        (each) =>
          each.name === name && matchers.every(([label, pattern]) => pattern.test(each.labels[label] ?? "")),
      );
  }

  const query = expression();
  if (tokens.length > 0) throw new Error(`ends before ${tokens.join(" ")}: ${text}`);
  return query;
}

const keyOf = (labels: Labels, by: readonly string[]) => JSON.stringify(by.map((name) => labels[name] ?? ""));

function latest({ labels, points }: Series, at: number): readonly Sample[] {
  const point = points.findLast((each) => each.at <= at && each.at > at - STALE_S);
  return point === undefined ? [] : [{ labels, value: point.value }];
}

function growth({ labels, points }: Series, at: number, seconds: number, isRate: boolean): readonly Sample[] {
  const within = points.filter((each) => each.at <= at && each.at >= at - seconds);
  const [first] = within;
  const last = within.at(-1);
  if (first === undefined || last === undefined || first.at === last.at) return [];
  const rate = grown(within) / (last.at - first.at);
  return [{ labels, value: isRate ? rate : rate * seconds }];
}

/** A counter that is less than it was began anew. */
function grown(points: readonly Point[]): number {
  let sum = 0;
  for (const [index, { value }] of points.entries()) {
    const before = points[index - 1]?.value ?? value;
    sum += value < before ? value : value - before;
  }
  return sum;
}

function grouped(
  samples: readonly Sample[],
  by: readonly string[],
  put: (a: number, b: number) => number,
): readonly Sample[] {
  const groups = new Map<string, Sample>();
  for (const { labels: all, value } of samples) {
    const key = keyOf(all, by);
    const before = groups.get(key);
    const labels = Object.fromEntries(by.map((name) => [name, all[name] ?? ""]));
    groups.set(key, { labels, value: before === undefined ? value : put(before.value, value) });
  }
  return [...groups.values()];
}

/** Between the bounds of a bucket the values count as evenly spread. */
function quantiles(buckets: readonly Sample[], quantile: number): readonly Sample[] {
  const groups = Map.groupBy(buckets, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels));
  return [...groups].flatMap(([key, group]) => {
    const sorted = group
      .map(({ labels, value }) => ({ bound: Number(labels["le"]?.replace("+Inf", "Infinity")), value }))
      .sort((a, b) => a.bound - b.bound);
    const rank = quantile * (sorted.at(-1)?.value ?? 0);
    const index = sorted.findIndex(({ value }) => value >= rank);
    if (rank === 0 || index < 0) return [];
    const { bound: low, value: below } = sorted[index - 1] ?? { bound: 0, value: 0 };
    const { bound: high, value } = sorted[index] ?? { bound: low, value: below };
    const labels: Labels = JSON.parse(key);
    return [
      { labels, value: high === Infinity ? low : low + ((high - low) * (rank - below)) / (value - below) },
    ];
  });
}
