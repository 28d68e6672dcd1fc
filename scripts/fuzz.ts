/** `npm run fuzz`: random inputs for every parser of what comes from outside, or for those named. */
import { parseArgs } from "node:util";
import { goTargets } from "../test/fuzz/go-targets.ts";
import { keep } from "../test/fuzz/kept.ts";
import type { Findings, Outcome, Target } from "../test/fuzz/target.ts";
import { targets } from "../test/fuzz/targets.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "2000" },
    minutes: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    keep: { type: "boolean", default: false },
    go: { type: "boolean", default: false },
    outcomes: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const HELP = `npm run fuzz -- [OPTION…] [TARGET…]

  --runs N     inputs for each target, 2000
  --minutes N  in place of that, for so long, all targets having as much of it
  --seed N     the same seed gives the same inputs
  --go         texts that Go and Kubernetes read too, each against what they make of it; needs Go
  --outcomes   shows what the inputs came to, and how many of them
  --keep       adds to the corpus the shortest input of each outcome that it has none of

Targets: ${targets.map(({ name }) => name).join(", ")}
`;

/** Of those that are given a time: what fails can be run again in a moment, by the seed of its round. */
const RUNS_OF_A_ROUND = 100;

interface Total {
  runs: number;
  seconds: number;
  readonly outcomes: Map<string, Outcome>;
  failure: string | undefined;
}

function add(total: Total, { runs, seconds, outcomes, failure }: Findings, seed: number): void {
  total.runs += runs;
  total.seconds += seconds;
  total.failure = failure && `--seed ${seed}: ${failure}`;
  for (const [what, { count, shortest }] of outcomes) {
    const known = total.outcomes.get(what) ?? { count: 0, shortest };
    known.count += count;
    if (shortest.length < known.shortest.length) known.shortest = shortest;
    total.outcomes.set(what, known);
  }
}

/** Once, or in rounds of a seed each until the time is over. */
async function fuzzFor(target: Target, seed: number, milliseconds: number | undefined): Promise<Total> {
  const end = performance.now() + (milliseconds ?? 0);
  const runs = milliseconds === undefined ? Number(values.runs) : RUNS_OF_A_ROUND;
  const total: Total = { runs: 0, seconds: 0, outcomes: new Map(), failure: undefined };
  let round = seed;
  do {
    add(total, await target.fuzz({ seed: round, runs }), round);
    round += 1;
  } while (total.failure === undefined && performance.now() < end);
  return total;
}

function keepAll({ name }: Target, { outcomes }: Total): void {
  const added = keep(name, new Map([...outcomes].map(([what, { shortest }]) => [what, shortest])));
  if (added > 0) console.log(`${added} added to the corpus of ${name}`);
}

const all = values.go ? goTargets : targets;
const chosen = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.find((name) => !chosen.some((each) => each.name === name));
if (values.help || unknown !== undefined) {
  console.log(unknown === undefined ? HELP : `${unknown} is no target\n\n${HELP}`);
  process.exit(unknown === undefined ? 0 : 2);
}

const seed = Number(values.seed);
const each = values.minutes === undefined ? undefined : (Number(values.minutes) * 60_000) / chosen.length;
console.log(`seed ${seed}\n`);
console.log("| target | runs | seconds | outcomes |\n|---|---|---|---|");
const failures: string[] = [];
for (const target of chosen) {
  const total = await fuzzFor(target, seed, each);
  const { runs, seconds, outcomes, failure } = total;
  console.log(`| ${target.name} | ${runs} | ${seconds.toFixed(1)} | ${outcomes.size} |`);
  if (values.outcomes) for (const [what, { count }] of outcomes) console.log(`    ${count} ${what}`);
  if (values.keep && failure === undefined) keepAll(target, total);
  if (failure !== undefined) failures.push(`${target.name}, ${failure}`);
}
for (const failure of failures) console.log(`\nFAILED ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
