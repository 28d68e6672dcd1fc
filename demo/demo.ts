/** `npm run demo [-- NAME…]`: runs the demos and shows what happened. */
import { demos } from "./demos.ts";
import { type DiffLine, podDiff } from "./pod-diff.ts";
import { type DemoRun, runDemo } from "./run-demo.ts";

const isColored = process.stdout.isTTY === true && !process.env["NO_COLOR"];
const paint = (code: number) => (text: string) => (isColored ? `\x1b[${code}m${text}\x1b[0m` : text);
const [bold, dim, red, green, cyan] = [paint(1), paint(2), paint(31), paint(32), paint(36)];

function show(run: DemoRun): void {
  console.log(`\n${bold(`── ${run.demo.name} ──`)} ${run.demo.title}`);
  console.log(dim(`   demo/${run.demo.name}/pod.yaml\n`));
  for (const line of podDiff(run.before, run.after)) console.log(`   ${formatLine(line)}`);
  console.log(`\n   ${bold("asked on the way")}`);
  for (const request of run.requests) console.log(dim(`   ${request}`));
  for (const warning of run.warnings) console.log(`   warning: ${warning}`);
  console.log(
    `\n   ${bold("printed by the application")}, process ${run.processId}, from its own environment`,
  );
  for (const [name, value] of Object.entries(run.found)) {
    const isRight = run.expected[name] === value;
    console.log(`   ${isRight ? green("✓") : red("✗")} ${name}=${cyan(value)}`);
  }
  const [total, alone] = [run.milliseconds.toFixed(1), run.millisecondsAlone.toFixed(1)];
  console.log(
    `   ${total} ms from the container's start to its first instruction; ${alone} ms without piggy-env`,
  );
}

function formatLine({ kind, text }: DiffLine): string {
  switch (kind) {
    case "added":
      return green(`+ ${text}`);
    case "removed":
      return red(`- ${text}`);
    case "gap":
      return dim(`  ${text}`);
    case "kept":
      return `  ${text}`;
  }
}

function isRight({ expected, found }: DemoRun): boolean {
  return Object.entries(expected).every(([name, value]) => found[name] === value);
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !demos.some((demo) => demo.name === name));
if (unknown.length > 0) {
  console.error(
    `no demo called ${unknown.join(", ")}; there are ${demos.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}

console.log(
  "piggy-webhooks and piggy-env are the real programs; Kubernetes, AWS and the registry are fakes that",
);
console.log(
  "speak their protocols on loopback. There is no container engine: a mount is a folder of this machine.",
);

let failures = 0;
for (const demo of demos.filter(({ name }) => names.length === 0 || names.includes(name))) {
  try {
    const run = await runDemo(demo);
    show(run);
    if (!isRight(run)) failures += 1;
  } catch (error) {
    failures += 1;
    console.error(
      `\n${bold(`── ${demo.name} ──`)} ${red(error instanceof Error ? error.message : String(error))}`,
    );
  }
}
console.log(
  failures === 0 ? `\n${green("Every application found its secrets.")}` : `\n${red(`${failures} failed`)}`,
);
process.exit(failures === 0 ? 0 : 1);
