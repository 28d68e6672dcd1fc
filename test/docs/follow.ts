/** Pages that are followed: each block is typed, and what it shows must come. */
import { expect } from "bun:test";
import type { Block } from "./blocks.ts";
import { commandsOf, isShown } from "./commands.ts";
import type { Session } from "./session.ts";

/** Changes nothing: whoever sees too little types it again. */
const IS_LOOK = /^kubectl (?:get|logs|describe) /;
const TIMEOUT_MS = 60_000;

/** @throws Error when a command fails, or prints something else than the page shows */
export async function follow(block: Block, session: Session): Promise<void> {
  for (const { text, output } of commandsOf(block)) {
    const end = Date.now() + TIMEOUT_MS;
    let printed = await session.run(text);
    if (output === undefined) continue;
    // An Event comes beside what it tells of.
    while (!isShown(output, printed) && IS_LOOK.test(text) && Date.now() < end) {
      await Bun.sleep(500);
      printed = await session.run(text);
    }
    if (!isShown(output, printed)) expect(printed).toBe(output);
  }
}
