/** What the pages' sentences and tables have their readers run by npm is there, with the options and names they give it. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { scripts } from "../../package.json" with { type: "json" };
import { targets } from "../fuzz/targets.ts";
import { PAGES, ROOT, readPage } from "./pages.ts";

const commands = new Map<string, string>(Object.entries(scripts));

interface Mention {
  readonly command: string;
  /** What stands behind `--`. */
  readonly words: readonly string[];
}

/** Code within a line or two, not between fences. */
function mentionsIn(markdown: string): readonly Mention[] {
  const text = markdown.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "");
  return [...text.matchAll(/`npm\s+run\s+(?:-s\s+)?([^\s`]+)([^`]*)`/g)].map(
    ([, command = "", rest = ""]) => ({
      command,
      words: rest.split(/\s+/).filter((word) => word !== "" && word !== "--"),
    }),
  );
}

/** The file that reads the command's words, where it is not the one that npm starts. */
const READERS: Readonly<Record<string, string>> = { explain: "lib/explain/command-line.ts" };

function optionsOf(command: string): readonly string[] {
  const started = commands
    .get(command)
    ?.match(/\S+\.ts/g)
    ?.at(-1);
  const file = READERS[command] ?? started;
  if (file === undefined) return [];
  return [...readPage(file).matchAll(/"?([a-z-]+)"?: \{ type: "/g)].map(([, option]) => `--${option}`);
}

/** The words in lower case that stand for something. Other commands take what is the reader's own. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  bench: [...readPage("bench/bench.ts").matchAll(/import\("\.\/([\w-]+)\.ts"\)/g)].map(
    ([, name = ""]) => name,
  ),
  demo: readdirSync(`${ROOT}demo`),
  fuzz: targets.map(({ name }) => name),
};

function faultsOf({ command, words }: Mention): readonly string[] {
  if (!commands.has(command)) return [`there is no npm run ${command}`];
  const options = optionsOf(command);
  const names = NAMES[command];
  return words.flatMap((word) => {
    const isKnown = word.startsWith("--")
      ? options.includes(word)
      : names === undefined || !/^[a-z]/.test(word) || names.includes(word);
    return isKnown ? [] : [`npm run ${command} knows no ${word}`];
  });
}

test("what is not there is found, also over the end of a line", () => {
  const faults = (markdown: string) => mentionsIn(markdown).flatMap(faultsOf);
  expect(faults("`npm run nothing`")).toHaveLength(1);
  expect(faults("Then `npm run bench --\nsecrets --minute 5`.")).toHaveLength(2);
  expect(faults("`npm run -s explain -- --ofline FILE`")).toHaveLength(1);
  expect(faults("`npm run fuzz -- --runs 100 --seed 42 valu`")).toHaveLength(1);
  expect(faults("```sh\nnpm run nothing\n```\n")).toEqual([]);
});

const mentioned = [...PAGES, "CONTRIBUTING.md"].map((page) => [page, mentionsIn(readPage(page))] as const);

test("there are some", () => {
  expect(mentioned.flatMap(([, mentions]) => mentions).length).toBeGreaterThan(30);
});

describe.each(mentioned.filter(([, mentions]) => mentions.length > 0))("%s", (_, mentions) => {
  test("has npm run what there is", () => {
    expect(mentions.flatMap(faultsOf)).toEqual([]);
  });
});
