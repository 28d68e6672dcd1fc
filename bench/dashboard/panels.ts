/** The dashboard that the chart installs, as far as it is drawn. */
import { anyObject, list, number, object, string } from "../../test/fakes/kubernetes/schema.ts";
import { parseQuery, type Sample } from "./query.ts";
import type { Point, Series } from "./series.ts";

export interface Line {
  readonly legend: string;
  readonly points: readonly Point[];
}

export interface Panel {
  readonly title: string;
  readonly unit: string;
  /** Where it stands, in Grafana's grid. */
  readonly column: number;
  readonly row: number;
  readonly lines: readonly Line[];
}

const parseDashboard = object(
  {
    panels: list(
      object(
        {
          title: string,
          gridPos: object({ x: number, y: number }, {}),
          fieldConfig: object({ defaults: object({ unit: string }, {}) }, {}),
          targets: list(object({ expr: string, legendFormat: string }, {})),
        },
        {},
      ),
    ),
  },
  {},
);

/** Seconds: a window holds some scrapes. */
const RATE_INTERVAL = 20;

export interface Span {
  /** Of the first scrape, in seconds since 1970. */
  readonly epoch: number;
  readonly seconds: number;
  readonly step: number;
}

/** Each panel with what its queries give. @throws Error for a query that cannot be read */
export function answerPanels(dashboard: unknown, kept: readonly Series[], span: Span): readonly Panel[] {
  return parseDashboard(anyObject(dashboard, "dashboard"), "dashboard").panels.map((panel) => ({
    title: panel.title,
    unit: panel.fieldConfig.defaults.unit,
    column: panel.gridPos.x,
    row: panel.gridPos.y,
    lines: panel.targets.flatMap((target) => linesOf(target.expr, target.legendFormat, kept, span)),
  }));
}

function linesOf(expr: string, legend: string, kept: readonly Series[], span: Span): readonly Line[] {
  const text = expr.replaceAll("$namespace", ".*").replaceAll("$__rate_interval", `${RATE_INTERVAL}s`);
  const query = parseQuery(text, span.epoch);
  const lines = new Map<string, Point[]>();
  for (let at = 0; at <= span.seconds; at += span.step) {
    for (const { labels, value } of query(kept, at)) {
      const name = legendOf(legend, labels);
      const points = lines.get(name) ?? [];
      lines.set(name, points);
      points.push({ at, value });
    }
  }
  return [...lines].map(([name, points]) => ({ legend: name, points }));
}

const legendOf = (format: string, labels: Sample["labels"]) =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? "").trim();
