/** The parts of README.md: what the programs print, and the figures that matter. */
import { markdownTable } from "./markdown.ts";
import type { Parts } from "./parts.ts";
import { printedBy } from "./printed.ts";
import { figures } from "./readme-figures.ts";
import type { Results } from "./results.ts";

/** @param environment of piggy-webhooks, for admission */
export async function readmeParts(
  readme: string,
  results: Results,
  environment: Readonly<Record<string, string>>,
): Promise<Parts> {
  return {
    "a Pod before and after": await podDiff(readme, { ...environment, PIGGY_DELIVERY: "image" }),
    "the demo": demoExcerpt(await printedBy(["demo/demo.ts", "proxy"])),
    figures: markdownTable(["", "Piggy", "Beside it"], figures(results)),
  };
}

/** Of the Pod that the page shows. */
async function podDiff(readme: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const pod = /^```yaml\n([\s\S]*?)^```$/m.exec(readme)?.[1];
  if (pod === undefined) throw new Error("README.md shows no Pod");
  const settings = Object.entries(environment).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const printed = await printedBy(["server.ts", "explain", "--offline", ...settings, "-"], pod);
  const [, diff] = /^(--- the Pod[\s\S]*?)\n\n/m.exec(printed) ?? [];
  if (diff === undefined) throw new Error("explain printed no diff");
  return `\`\`\`diff\n${diff}\n\`\`\``;
}

/** From the first line that holds the one text to the first that holds the other. */
type Range = readonly [from: string, to: string];

const SHOWN: readonly Range[] = [
  ["── proxy ──", "value: demo/sample/test"],
  ["command:", "- piggy-demo"],
  ["asked on the way", "✓"],
  ["Every application", "Every application"],
];

/** What is another at each run. */
const VOLATILE = [/\b[0-9a-f]{32,64}\b/g, /(?<=hello-)[0-9a-f]+/g, /(?<=process )\d+/g];

/** What matters of a demo's output. @throws Error where it does not hold that */
export function demoExcerpt(output: string): string {
  const lines = output.split("\n");
  const shown = SHOWN.map(([from, to]) => {
    const start = lines.findIndex((line) => line.includes(from));
    const end = lines.findIndex((line, index) => index >= start && line.includes(to));
    if (start < 0 || end < 0) throw new Error(`the demo printed nothing from ${from} to ${to}`);
    return lines.slice(start, end + 1).join("\n");
  });
  const text = inOneOrder(shown.join("\n     ⋯\n"));
  return `\`\`\`diff\n${VOLATILE.reduce((done, each) => done.replace(each, "⋯"), text)}\n\`\`\``;
}

const REVIEWED_FIRST = /^( *Kubernetes +POST \S+\/tokenreviews .*\n)( *Kubernetes +GET \S+\/pods\/.*\n)/gm;

/** The token is reviewed while the Pod is read, and either may be there first. */
function inOneOrder(text: string): string {
  return text.replace(REVIEWED_FIRST, "$2$1");
}
