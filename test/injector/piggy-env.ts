/** piggy-env as a process of its own, started as a container's runtime would. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PROBE_SOURCE, parseProbe, type Started } from "../fixtures/probe.ts";
import { compiledC, piggyEnv } from "../support/programs.ts";
import { runPlainly } from "../support/run-plainly.ts";

const START_SOURCE = fileURLToPath(new URL("../fixtures/start.c", import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly message: string;
  readonly code?: string;
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Each line of stderr. @throws SyntaxError where one is no JSON */
  log(): readonly LogLine[];
  /** What the probe was started with. @throws Error when it was not */
  started(): Started;
}

export interface StartOptions {
  readonly cwd?: string;
}

export function probe(): Promise<string> {
  return compiledC(PROBE_SOURCE, "probe");
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs piggy-env with these arguments and exactly this environment, and no patience but what that says. */
export async function run(
  parameters: readonly string[],
  environment: Environment = {},
  options: StartOptions = {},
): Promise<Outcome> {
  return runArgv([await piggyEnv(), ...parameters], { PIGGY_DEADLINE: "0s", ...environment }, options);
}

/** The same for a whole argv, the program's own path first. */
export async function runArgv(
  argv: readonly string[],
  environment: Environment,
  { cwd = "/" }: StartOptions = {},
): Promise<Outcome> {
  const { exitCode, stdout, stderr } = await runPlainly(argv, environment, cwd);
  return {
    exitCode,
    stdout,
    stderr,
    log: () =>
      stderr
        .split("\n")
        .slice(0, -1)
        .map((line): LogLine => JSON.parse(line)),
    started: () => parseProbe(stdout),
  };
}

/** Runs a program with an argv and environment that are bytes, one character each, and may be of any form. */
export async function runExactly(argv: readonly string[], environment: readonly string[]): Promise<Outcome> {
  const starter = await compiledC(START_SOURCE, "start");
  const directory = await mkdtemp(join(tmpdir(), "piggy-start-"));
  try {
    const file = join(directory, "start");
    const strings = [String(argv.length), String(environment.length), ...argv, ...environment];
    await writeFile(file, Buffer.from(strings.map((string) => `${string}\0`).join(""), "latin1"));
    return await runArgv([starter, file], {});
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The one line that says why piggy-env did not start the command. @throws Error when there are others */
export function onlyLine({ log, stderr }: Pick<Outcome, "log" | "stderr">): LogLine {
  const [line, ...others] = log();
  if (line === undefined || others.length > 0) throw new Error(`not one line: ${JSON.stringify(stderr)}`);
  return line;
}
