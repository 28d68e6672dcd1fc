/** How plots of lines look, on a light and on a dark page. */

/** Lines are told from one another by them. */
export const COLOURS = [
  "#2f81f7",
  "#d29922",
  "#3fb950",
  "#f85149",
  "#a371f7",
  "#db6d28",
  "#39c5cf",
  "#8d96a0",
] as const;

export const STYLE = `
  text { font: 11px system-ui, sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 12px }
  .quiet { fill: #57606a; font-size: 10px }
  .axis { stroke: #d0d7de }
  .line { fill: none; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #8d96a0 }
    .axis { stroke: #30363d }
  }
`;

export function text(kind: string, x: number, y: number, content: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${escaped(content)}</text>`;
}

export function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
