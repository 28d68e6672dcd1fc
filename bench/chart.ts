/** A bar chart as SVG, which a reader's light or dark page both show well. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Ours are filled, what they are held against is grey. */
  readonly isOurs: boolean;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface Chart {
  readonly title: string;
  /** How it was measured, below the bars. */
  readonly notes: readonly string[];
  readonly unit: string;
  readonly groups: readonly BarGroup[];
}

const WIDTH = 720;
const LABELS = 130;
/** Room for the longest figure behind its bar. */
const FIGURES = 80;
const ROW = 20;
const GAP = 16;
const TOP = 36;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 15px }
  .group { font-weight: 600 }
  .note { font-size: 11px; fill: #57606a }
  .ours { fill: #0969da }
  .other { fill: #afb8c1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .note { fill: #8d96a0 }
    .ours { fill: #4493f8 }
    .other { fill: #545d68 }
  }
`;

export function drawChart({ title, notes, unit, groups }: Chart): string {
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const scale = (WIDTH - LABELS - FIGURES) / longest;
  const shapes: string[] = [text("title", 0, 18, title)];
  let y = TOP;
  for (const group of groups) {
    shapes.push(text("group", 0, y + 14, group.title));
    y += ROW;
    for (const bar of group.bars) {
      shapes.push(drawBar(bar, y, scale, unit));
      y += ROW;
    }
    y += GAP;
  }
  for (const note of notes) {
    shapes.push(text("note", 0, y + 12, note));
    y += ROW - 4;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    ...shapes,
    "</svg>\n",
  ].join("\n");
}

function drawBar({ label, value, isOurs }: Bar, y: number, scale: number, unit: string): string {
  const length = Math.max(1, value * scale);
  const kind = isOurs ? "ours" : "other";
  return [
    text("label", 12, y + 14, label),
    `<rect class="${kind}" x="${LABELS}" y="${y + 3}" width="${length.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
    text("figure", LABELS + length + 6, y + 14, `${value.toFixed(1)} ${unit}`),
  ].join("\n");
}

function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${x.toFixed(0)}" y="${y}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
