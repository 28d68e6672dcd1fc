/** Wide plots over the time of a run, one below the other, with what was done marked on the axis of each. Pure. */
import { COLOURS, escaped, STYLE, text } from "../bench/dashboard/style.ts";
import type { Points } from "./report.ts";

export interface PlotLine {
  /** Lines of one name have one colour. */
  readonly name: string;
  readonly points: Points;
}

export interface Plot {
  readonly title: string;
  readonly lines: readonly PlotLine[];
  /** `logarithmic` from the first of these on, for what is usually small. */
  readonly scale: "linear" | { readonly logarithmicFrom: number };
  /** What stands at the top of the axis. */
  readonly format: (value: number) => string;
}

/** Something that was done. */
export interface Mark {
  readonly at: number;
  readonly until?: number;
  /** A letter. */
  readonly sign: string;
}

export interface Plots {
  readonly title: string;
  readonly seconds: number;
  readonly plots: readonly Plot[];
  readonly marks: readonly Mark[];
  /** Below them. */
  readonly notes: readonly string[];
}

const WIDTH = 880;
const PLOT = { left: 64, top: 40, width: 800, height: 110, all: 182 } as const;
const BOTTOM = PLOT.top + PLOT.height;
/** Space for the signs, above the axis' labels. */
const NOTE_HEIGHT = 14;

const MARKS = `
  .mark { stroke: #8d96a0; stroke-width: 0.5; stroke-dasharray: 2 3 }
  .while { fill: #8d96a0; opacity: 0.15 }
`;

export function drawPlots({ title, seconds, plots, marks, notes }: Plots): string {
  const height = plots.length * PLOT.all + 24 + notes.length * NOTE_HEIGHT;
  const drawn = plots.map(
    (plot, index) => `<g transform="translate(0 ${index * PLOT.all})">${drawPlot(plot, seconds, marks)}</g>`,
  );
  const below = plots.length * PLOT.all + 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}${MARKS}</style>`,
    ...drawn,
    ...notes.map((note, index) => text("quiet", 8, below + index * NOTE_HEIGHT, note)),
    "</svg>\n",
  ].join("\n");
}

function drawPlot(plot: Plot, seconds: number, marks: readonly Mark[]): string {
  const x = (at: number) => PLOT.left + (at / seconds) * PLOT.width;
  const most = Math.max(...plot.lines.flatMap(({ points }) => points.map(([, value]) => value)), 0) || 1;
  const y = (value: number) => BOTTOM - PLOT.height * share(value, most, plot.scale);
  const names = [...new Set(plot.lines.map(({ name }) => name))];
  const least = plot.scale === "linear" ? 0 : plot.scale.logarithmicFrom;
  return [
    text("title", 8, 18, plot.title),
    ...drawLegend(names, plot.title),
    ...marks.map((mark) => drawMark(mark, x)),
    `<path class="axis" fill="none" d="M${PLOT.left} ${PLOT.top}V${BOTTOM}H${PLOT.left + PLOT.width}"/>`,
    text("quiet", 4, PLOT.top + 8, plot.format(most)),
    text("quiet", 4, BOTTOM, plot.format(least)),
    ...minutesOf(seconds).map((minute) => text("quiet", x(minute * 60) - 4, BOTTOM + 26, String(minute))),
    ...plot.lines.map(({ name, points }) =>
      drawLine(points, COLOURS[names.indexOf(name) % COLOURS.length] ?? "", x, y),
    ),
  ].join("\n");
}

function share(value: number, most: number, scale: Plot["scale"]): number {
  if (scale === "linear") return Math.max(0, value) / most;
  const { logarithmicFrom } = scale;
  if (most <= logarithmicFrom) return 0;
  return Math.max(0, Math.log(value / logarithmicFrom) / Math.log(most / logarithmicFrom));
}

function drawLine(
  points: Points,
  colour: string,
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  const path = points.map(
    ([at, value], index) => `${index === 0 ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`,
  );
  return `<path class="line" stroke="${colour}" d="${path.join("")}"/>`;
}

function drawMark({ at, until, sign }: Mark, x: (at: number) => number): string {
  const line = `<path class="mark" d="M${x(at).toFixed(1)} ${PLOT.top}V${BOTTOM + 4}"/>`;
  const area =
    until === undefined
      ? ""
      : `<rect class="while" x="${x(at).toFixed(1)}" y="${PLOT.top}" width="${(x(until) - x(at)).toFixed(1)}" height="${PLOT.height}"/>`;
  return area + line + text("quiet", Math.round(x(at)) - 3, BOTTOM + 13, sign);
}

/** Behind the title. */
function drawLegend(names: readonly string[], title: string): readonly string[] {
  let x = 24 + title.length * 6.6;
  return names.map((name, index) => {
    const square = `<rect x="${x.toFixed(0)}" y="10" width="8" height="8" fill="${COLOURS[index % COLOURS.length]}"/>`;
    const label = text("quiet", Math.round(x) + 12, 18, name);
    x += 24 + name.length * 5.6;
    return square + label;
  });
}

/** Some ten of them. */
function minutesOf(seconds: number): readonly number[] {
  const minutes = Math.floor(seconds / 60);
  const step = Math.max(1, Math.ceil(minutes / 12));
  return Array.from({ length: Math.floor(minutes / step) + 1 }, (_, index) => index * step);
}
