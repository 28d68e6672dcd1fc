/** The program that a command names. */
import type { PiggyError } from "../error.ts";
import { ENOENT, ENOTDIR, executableFault } from "./files.ts";
import { cannotRun } from "./runnable.ts";

/** What the C library searches when PATH is not set. Source: execvp(3). */
const DEFAULT_PATH = "/bin:/usr/bin";

type Fitness = "executable" | "not executable" | "absent";

/**
 * The file that the command is: itself where it has a slash, else the first executable of that name in PATH.
 * @throws PiggyError `command_not_found`, `command_not_executable`
 */
export function findTarget(command: string, path: string | undefined): string {
  if (command.includes("/")) {
    const fitness = fitnessOf(command);
    if (fitness === "executable") return command;
    throw fitness === "absent" ? notFound(command, "there is no such file") : notExecutable(command);
  }
  let unfit: string | undefined;
  for (const directory of (path ?? DEFAULT_PATH).split(":")) {
    const candidate = `${directory || "."}/${command}`;
    const fitness = command === "" ? "absent" : fitnessOf(candidate);
    if (fitness === "executable") return candidate;
    if (fitness === "not executable") unfit ??= candidate;
  }
  throw unfit === undefined ? notFound(command, "it is in no directory of PATH") : notExecutable(unfit);
}

function fitnessOf(file: string): Fitness {
  switch (executableFault(file)) {
    case 0:
      return "executable";
    // A PATH may lead through a file, or where this user may not look: the search goes on. Source: execvp(3).
    case ENOENT:
    case ENOTDIR:
      return "absent";
    default:
      return "not executable";
  }
}

function notFound(command: string, why: string): PiggyError {
  return cannotRun("command_not_found", command, why);
}

function notExecutable(file: string): PiggyError {
  return cannotRun("command_not_executable", file, "it is not an executable file");
}
