/** What a page of the documentation holds, as tests read it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

export interface Section {
  /** The heading that it stands under. */
  readonly title: string;
  readonly tables: readonly Table[];
  readonly blocks: readonly Block[];
}

/** Cells as they are written. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What stands between fences. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** @param file path in the repository */
export async function readSections(file: string): Promise<readonly Section[]> {
  const page = await readFile(ROOT + file, "utf8");
  return page.split(/^(?=#+ )/m).map((text) => ({
    title: /^#+ (.*)/.exec(text)?.[1] ?? "",
    tables: [...text.matchAll(/(?:^\|.*\|\n)+/gm)].map(([lines]) => tableOf(lines)),
    blocks: [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", block = ""]) => ({
      language,
      text: block,
    })),
  }));
}

function tableOf(lines: string): Table {
  const [head = [], , ...rows] = lines.trimEnd().split("\n").map(cellsOf);
  return { head, rows };
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** The first code in a cell. @throws Error where it has none */
export function codeIn(cell: string | undefined): string {
  const code = /`([^`]+)`/.exec(cell ?? "")?.[1];
  if (code === undefined) throw new Error(`no code in the cell ${JSON.stringify(cell)}`);
  return code;
}
