/** Pages that are followed: each block is typed, and what it shows must come. */
import { expect } from "bun:test";
import type { Block } from "./blocks.ts";
import { commandsOf, isShown } from "./commands.ts";
import type { Session } from "./session.ts";

/** @throws Error when a command fails, or prints something else than the page shows */
export async function follow(block: Block, session: Session): Promise<void> {
  for (const { text, output } of commandsOf(block)) {
    const printed = await session.run(text);
    if (output !== undefined && !isShown(output, printed)) expect(printed).toBe(output);
  }
}
