/** What the pages put into the environment of piggy-webhooks is what it starts with, without a word against it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { parse } from "yaml";
import { startWorld } from "../support/world.ts";
import type { Block } from "./blocks.ts";
import { checkOf } from "./checks.ts";
import { allBlocks, placeOf } from "./pages.ts";

setDefaultTimeout(60_000);

const of = (check: string) =>
  allBlocks.filter((block) => checkOf(block) === check).map((block) => [placeOf(block), block] as const);

/** What it says without any of it. */
const OF_NONE = /PIGGY_ALLOWED_SECRETS is not set/;

async function warningsWith(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const world = await startWorld({ environment });
  try {
    return world.webhook.log
      .filter(({ level, message }) => level !== "info" && !OF_NONE.test(message))
      .map(({ message }) => message);
  } finally {
    await world.stop();
  }
}

describe("variables", () => {
  test.each(of("settings"))("%s", async (_, block) => {
    expect(await warningsWith(variablesOf(block))).toEqual([]);
  });
});

describe("roles", () => {
  test.each(of("roles"))("%s", async (_, { text }) => {
    expect(await warningsWith({ PIGGY_ASSUME_ROLES: text })).toEqual([]);
  });
});

/** YAML, or lines of NAME=VALUE. */
function variablesOf({ language, text }: Block): Readonly<Record<string, string>> {
  if (language === "yaml") return parse(text, { schema: "failsafe" });
  const lines = text.trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}
