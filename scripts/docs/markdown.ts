/** Markdown of data. Pure. */

/** A table; a cell that holds a bar is escaped, and one that is undefined is empty. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): string {
  const cell = (content = "") => (content === "" ? "| " : `| ${content.replaceAll("|", "\\|")} `);
  const line = (cells: readonly (string | undefined)[]) => `${cells.map(cell).join("")}|`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}
