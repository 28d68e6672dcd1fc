/** The dashboard as SVG: a small chart of lines for each panel, which a light and a dark page both show well. */
import type { Line, Panel } from "./panels.ts";
import { COLOURS, escaped, STYLE, text } from "./style.ts";

const PANEL = { width: 440, height: 200 } as const;
const PLOT = { left: 58, top: 34, width: 370, height: 92 } as const;
/** Of Grafana's grid. */
const COLUMNS = 24;
/** More would not be told from one another. */
const MOST_LINES = COLOURS.length;
/** Letters. */
const SHORT_LEGEND = 20;

export interface Picture {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly seconds: number;
  readonly notes: readonly string[];
}

export function drawDashboard({ title, panels, seconds, notes }: Picture): string {
  const rows = [...new Set(panels.map(({ row }) => row))].sort((a, b) => a - b);
  const width = 2 * PANEL.width;
  const height = rows.length * PANEL.height + 20 + notes.length * 14;
  const drawn = panels.map((panel) => {
    const x = (panel.column / COLUMNS) * width;
    return `<g transform="translate(${x} ${rows.indexOf(panel.row) * PANEL.height})">${drawPanel(panel, seconds)}</g>`;
  });
  const below = rows.length * PANEL.height + 14;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    ...drawn,
    ...notes.map((note, index) => text("quiet", 8, below + index * 14, note)),
    "</svg>\n",
  ].join("\n");
}

function drawPanel({ title, unit, lines: all }: Panel, seconds: number): string {
  const largest = (line: Line) => Math.max(0, ...line.points.map(({ value }) => value));
  const lines = all.toSorted((a, b) => largest(b) - largest(a)).slice(0, MOST_LINES);
  const most = Math.max(0, ...lines.map(largest)) || 1;
  const bottom = PLOT.top + PLOT.height;
  const right = PLOT.left + PLOT.width;
  return [
    text("title", 8, 20, title),
    `<path class="axis" fill="none" d="M${PLOT.left} ${PLOT.top}V${bottom}H${right}"/>`,
    text("quiet", 4, PLOT.top + 8, format(most, unit)),
    text("quiet", 4, bottom, format(0, unit)),
    text("quiet", PLOT.left, bottom + 14, "0 s"),
    text("quiet", right - 28, bottom + 14, `${seconds} s`),
    ...lines.map((line, index) => drawLine(line, COLOURS[index] ?? "", most, seconds)),
    ...drawLegends(lines.map(({ legend }) => legend)),
  ].join("\n");
}

function drawLine({ points }: Line, colour: string, most: number, seconds: number): string {
  const path = points.map(({ at, value }, index) => {
    const x = PLOT.left + (at / seconds) * PLOT.width;
    const y = PLOT.top + PLOT.height * (1 - value / most);
    return `${index === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `<path class="line" stroke="${colour}" d="${path.join("")}"/>`;
}

function drawLegends(legends: readonly string[]): readonly string[] {
  const columns = legends.every(({ length }) => length <= SHORT_LEGEND) ? 3 : 2;
  return legends.map((legend, index) => {
    const x = 8 + (index % columns) * ((PANEL.width - 8) / columns);
    const y = PLOT.top + PLOT.height + 30 + Math.floor(index / columns) * 13;
    const square = `<rect x="${x}" y="${y - 7}" width="8" height="8" fill="${COLOURS[index]}"/>`;
    return square + text("quiet", x + 12, y, legend);
  });
}

/** Units as Grafana names them. */
function format(value: number, unit: string): string {
  switch (unit) {
    case "reqps":
    case "ops":
      return `${short(value)}/s`;
    case "bytes":
      return `${short(value / 1024 ** 2)} MiB`;
    case "s":
      return value >= 86_400 ? `${short(value / 86_400)} d` : `${short(value * 1_000)} ms`;
    default:
      return short(value);
  }
}

const short = (value: number) => (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2))));
