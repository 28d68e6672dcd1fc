/** A process's own account of its state, and the means to start one in a state that no ordinary spawn gives. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compiledC } from "../support/programs.ts";
import { type Ended, runPlainly } from "../support/run-plainly.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.c`, import.meta.url));

/** Prints its state; static, so that no variable and no library of the container matters to it. */
export const stateProgram = () => compiledC(fixture("state"), "state");

/** Becomes another program, in a state that its parameters say. */
export const arrangeProgram = () => compiledC(fixture("arrange"), "arrange");

export const startProgram = () => compiledC(fixture("start"), "start");

export interface Start {
  /** What the starter sets, as test/fixtures/arrange.c has it. */
  readonly arranged?: readonly string[];
  /** Bytes, one character each. */
  readonly argv: readonly string[];
  readonly environment: readonly string[];
}

/** Starts a program with an argv, an environment and a state of any form. Its descriptors go to files that are alike. */
export async function startIn({ arranged = [], argv, environment }: Start): Promise<Ended> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-state-"));
  try {
    const file = join(directory, "start");
    const strings = [String(argv.length), String(environment.length), ...argv, ...environment];
    await writeFile(file, Buffer.from(strings.map((string) => `${string}\0`).join(""), "latin1"));
    return await runPlainly([await arrangeProgram(), ...arranged, "--", await startProgram(), file], {});
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Each thing that the program told of itself, by name. @throws Error for an output that it has not written */
export function parseState(output: string): Readonly<Record<string, string>> {
  const pairs = output
    .split("\n")
    .slice(0, -1)
    .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const);
  if (!pairs.some(([name]) => name === "/proc/self/limits")) throw new Error(`no state: ${output}`);
  return Object.fromEntries(pairs);
}
