/** What a block has its reader type, and what is then to be seen. */
import type { Block } from "./blocks.ts";

export interface Command {
  readonly text: string;
  /** As the page shows it; undefined where it shows nothing. */
  readonly output: string | undefined;
}

export const isCommands = ({ language }: Block) => language === "sh" || language === "console";

/** `sh` is a script. `console` is a terminal: `$ ` in front of a command, `> ` of what continues it. */
export function commandsOf({ language, text }: Block): readonly Command[] {
  if (language === "sh") return [{ text, output: undefined }];
  const commands: { text: string; output: string }[] = [];
  let isTyped = false;
  for (const line of text.trimEnd().split("\n")) {
    const last = commands.at(-1);
    if (line.startsWith("$ ")) commands.push({ text: `${line.slice(2)}\n`, output: "" });
    else if (last === undefined) continue;
    else if (isTyped && line.startsWith("> ")) last.text += `${line.slice(2)}\n`;
    else last.output += `${line}\n`;
    isTyped = line.startsWith("$ ") || (isTyped && line.startsWith("> "));
  }
  return commands;
}

/** Whether a page shows what was printed; ⋯ in it stands for any text, and for any lines where it is one. */
export function isShown(shown: string, printed: string): boolean {
  const parts = shown.trimEnd().split("⋯");
  const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*?");
  const clean = printed.replaceAll(/[ \t]+$/gm, "").trimEnd();
  return new RegExp(`^${pattern}$`).test(clean);
}
