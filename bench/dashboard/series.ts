/** What a Prometheus would have kept of the replicas it scrapes. */
import { type Labels, parseScrape } from "../../test/metrics/scrape.ts";

export interface Point {
  /** Seconds since the first scrape. */
  readonly at: number;
  readonly value: number;
}

export interface Series {
  readonly name: string;
  readonly labels: Labels;
  readonly points: Point[];
}

export interface Kept {
  readonly series: () => readonly Series[];
  /** Adds what GET /metrics of one replica said. */
  readonly add: (text: string, at: number, target: Labels) => void;
}

export function createKept(): Kept {
  const kept = new Map<string, Series>();
  return {
    series: () => [...kept.values()],
    add(text, at, target) {
      for (const { name, labels: own, value } of parseScrape(text).samples) {
        const labels = { ...own, ...target };
        const key = JSON.stringify([name, Object.entries(labels).sort()]);
        const found = kept.get(key) ?? { name, labels, points: [] };
        kept.set(key, found);
        found.points.push({ at, value });
      }
    },
  };
}
