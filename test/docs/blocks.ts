/** The fenced blocks of a page in Markdown, and what the text in front of them says they need. */

export interface Block {
  readonly page: string;
  /** Of its opening fence, from 1. */
  readonly line: number;
  /** As the fence says; empty where it says nothing. */
  readonly language: string;
  readonly text: string;
  /** The sentence by which a reader knows that it cannot be run just anywhere. */
  readonly mark: string | undefined;
}

/** What a test cannot have: these words, in a sentence of the block's section or, for all of a page, in its head. */
const MARK = /[^.:]*\bneeds? (?:an AWS account|a registry)\b[^.:]*/i;
const OF_A_PAGE = /\bon this page\b/i;

/** @throws Error when a fence has no end */
export function parseBlocks(page: string, markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let head: string[] | undefined = [];
  let ofPage: string | undefined;
  let section: string[] = [];
  let open: { readonly line: number; readonly indent: string; readonly language: string } | undefined;
  let content: string[] = [];
  for (const [index, line] of markdown.split("\n").entries()) {
    const fence = /^(\s*)```(\S*)$/.exec(line);
    if (open === undefined && fence !== null) {
      const [, indent = "", language = ""] = fence;
      open = { line: index + 1, indent, language };
      content = [];
    } else if (open !== undefined && fence !== null && fence[2] === "") {
      const { indent, ...rest } = open;
      const text = `${content.map((each) => withoutIndent(each, indent)).join("\n")}\n`;
      blocks.push({ page, ...rest, text, mark: markIn(section) ?? ofPage });
      open = undefined;
    } else if (open !== undefined) content.push(line);
    else if (/^#{2,6} /.test(line)) {
      if (head !== undefined) ofPage = markIn(head, OF_A_PAGE);
      head = undefined;
      section = [];
    } else {
      section.push(line);
      head?.push(line);
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block has no end`);
  return blocks;
}

function withoutIndent(line: string, indent: string): string {
  return line.startsWith(indent) ? line.slice(indent.length) : line.trimStart();
}

function markIn(lines: readonly string[], also?: RegExp): string | undefined {
  const sentence = MARK.exec(lines.join(" "))?.[0].trim();
  return sentence !== undefined && (also?.test(sentence) ?? true) ? sentence : undefined;
}
