/** How each block of the pages is held: what is run where, and what is read by whom. */
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import type { Block } from "./blocks.ts";
import { commandsOf, isCommands } from "./commands.ts";
import { ROOT } from "./pages.ts";

export type Check =
  /** `.ci/run` runs the very commands. */
  | "ci"
  /** Run by `npm test`. */
  | "plain"
  /** Run by `npm run test:cluster`. */
  | "cluster"
  /** Not run: the text says what it needs. */
  | "marked"
  /** IAM policies, read by moto. */
  | "policy"
  | "trust policy"
  /** What piggy-webhooks reads of its own environment. */
  | "roles"
  | "settings"
  /** Held against the schemas of Kubernetes, and Pods in it against admission. */
  | "manifest"
  /** A Pod's, held against admission. */
  | "annotations"
  /** Values of the chart, read by Helm. */
  | "values"
  /** Read by Terraform's own parser. */
  | "terraform"
  /** Nothing that anybody types. */
  | "prose";

/** A reader follows these from the first line to the last, with a cluster of their own. */
export const FOLLOWED: readonly string[] = ["docs/getting-started-kind.md"];

/** These say what their blocks need, and are run all the same, with the suite's own images: nothing there asks AWS. */
const RUN_ALL_THE_SAME: readonly string[] = ["README.md", "charts/piggy-webhooks/README.md"];

const OF_A_CLUSTER = /^(?:[A-Z_]+=\S+ )*(?:kubectl|helm|kind|docker)\b/m;

/** @returns undefined for one that nobody holds */
export function checkOf(block: Block): Check | undefined {
  if (isCommands(block)) return checkOfCommands(block);
  switch (block.language) {
    case "json":
      return checkOfJson(block.text);
    case "yaml":
      return checkOfYaml(block.text);
    case "hcl":
      return "terraform";
    case "dotenv":
      return "settings";
    case "text":
    case "mermaid":
    case "diff":
      return "prose";
    default:
      return undefined;
  }
}

function checkOfCommands(block: Block): Check | undefined {
  const commands = commandsOf(block);
  if (commands.length === 0) return undefined;
  if (FOLLOWED.includes(block.page)) return "cluster";
  if (block.mark !== undefined && !RUN_ALL_THE_SAME.includes(block.page)) return "marked";
  const lines = commands.flatMap(({ text }) => text.trim().split("\n"));
  if (lines.every((line) => ofCi.has(line))) return "ci";
  return lines.some((line) => OF_A_CLUSTER.test(line)) ? "cluster" : "plain";
}

/** The steps and suites of `.ci/run`. */
const ofCi = new Set(
  [...readFileSync(`${ROOT}.ci/run`, "utf8").matchAll(/^(?:suite|step) \S+ (.*)$/gm)].map(
    ([, command = ""]) => command,
  ),
);

function checkOfJson(text: string): Check | undefined {
  const value: unknown = JSON.parse(text);
  if (Array.isArray(value)) return "roles";
  if (!/"Statement":/.test(text)) return undefined;
  return /"Principal":/.test(text) ? "trust policy" : "policy";
}

function checkOfYaml(text: string): Check | undefined {
  const contents = parseAllDocuments(text).map((document): unknown => document.toJS());
  const isObject = (content: unknown) => typeof content === "object" && content !== null;
  if (!contents.every(isObject)) return undefined;
  const names = contents.flatMap((content) => Object.keys(Object(content)));
  if (names.join() === "annotations") return "annotations";
  if (names.every((name) => /^[A-Z_]+$/.test(name))) return "settings";
  return contents.every((content) => "kind" in Object(content)) ? "manifest" : "values";
}
