/** Rights as the chart's page says them and as its roles give them, each as `VERB RESOURCE`. */
import { readSections } from "../docs/markdown.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import type { Rendered } from "./rendering.ts";

interface Rule {
  readonly verbs: readonly string[];
  readonly resources: readonly string[];
}

const parseRules = list(object({ verbs: list(string), resources: list(string) }, {}));

export function rightsGivenBy(roles: readonly Rendered[]): readonly string[] {
  return namesOf(roles.flatMap(({ rules, metadata }) => parseRules(rules, metadata.name)));
}

/** In the table verbs and resources are code, with `and` between several. */
export async function rightsOnPage(): Promise<readonly string[]> {
  const sections = await readSections("charts/piggy-webhooks/README.md");
  const rows = sections.find(({ title }) => title === "What it may do")?.tables[0]?.rows ?? [];
  const several = "`[a-z]+`(?: and `[a-z]+`)*";
  const right = new RegExp(`(${several}) (${several})`, "g");
  const written = rows.flatMap(([cell = ""]) => [...cell.matchAll(right)]);
  return namesOf(
    written.map(([, verbs, resources]) => ({ verbs: codesIn(verbs), resources: codesIn(resources) })),
  );
}

function codesIn(text = ""): readonly string[] {
  return [...text.matchAll(/`([a-z]+)`/g)].map(([, code = ""]) => code);
}

function namesOf(rules: readonly Rule[]): readonly string[] {
  const names = rules.flatMap(({ verbs, resources }) =>
    verbs.flatMap((verb) => resources.map((resource) => `${verb} ${resource}`)),
  );
  return [...new Set(names)].sort();
}
