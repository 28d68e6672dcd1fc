/** Whether the kernel will take a file, once its user may execute it: what execve would only say when it is too late. */
import { type ErrorCode, PiggyError } from "../error.ts";
import { bytesOf, textOf } from "./bytes.ts";
import { ENOENT, ENOTDIR, executableFault, readHead } from "./files.ts";
import { formatOf, HEAD } from "./program-format.ts";

export interface Fault {
  /** What execve answers. */
  readonly errno: number;
  readonly why: string;
}

const ELOOP = 40;

/** As many scripts as may stand in front of a program. Source: Linux, exec_binprm in fs/exec.c. */
const MOST_SCRIPTS = 5;

/** What is wrong with a file or with what it needs, as far as this user can read them; undefined for nothing. */
export function formatFault(file: string): Fault | undefined {
  let at = file;
  let subject = "it";
  for (let scripts = 0; scripts <= MOST_SCRIPTS; scripts += 1) {
    const head = readHead(at, HEAD);
    if (head === undefined) return undefined;
    const format = formatOf(head);
    if (format.kind === "refused") return { errno: format.errno, why: `${subject} ${format.why}` };
    if (format.kind === "program") {
      return format.loader === undefined
        ? undefined
        : needFault(`${subject} needs the loader`, format.loader);
    }
    const fault = needFault(`${subject} names the interpreter`, format.interpreter);
    if (fault !== undefined) return fault;
    at = format.interpreter;
    subject = `its interpreter ${quoted(at)}`;
  }
  return { errno: ELOOP, why: `more than ${MOST_SCRIPTS} scripts stand between it and a program` };
}

function needFault(needs: string, file: string): Fault | undefined {
  const errno = executableFault(file);
  if (errno === 0) return undefined;
  const state = meansAbsent(errno) ? "is not there" : "is not an executable file";
  const hint = file.endsWith("\r") ? ": its first line ends with CR LF, and must end with LF" : "";
  return { errno, why: `${needs} ${quoted(file)}, which ${state}${hint}` };
}

/** ENOENT and ENOTDIR, for the file and for what it needs: so the container runtimes have it, whatever shells say. */
export function meansAbsent(errno: number): boolean {
  return errno === ENOENT || errno === ENOTDIR;
}

/**
 * Ends a start that cannot come to anything. What looks unfit is tried by the kernel before it is refused: nobody
 * else knows which formats it has been taught, and what it would run is never refused.
 * @throws PiggyError `command_not_found`, `command_not_executable`
 */
export function refuseUnrunnable(file: string): void {
  const fault = formatFault(file);
  if (fault === undefined || fault.errno !== errnoOfTrial(file)) return;
  throw cannotRun(meansAbsent(fault.errno) ? "command_not_found" : "command_not_executable", file, fault.why);
}

/** What execve answers for a file, 0 where it does not return; undefined where the launcher cannot find out. */
function errnoOfTrial(file: string): number | undefined {
  const name = textOf(file);
  // A name that is not UTF-8 cannot be passed on.
  if (bytesOf(name) !== file) return undefined;
  const launcher = process.execPath.replace(/[^/]*$/, "../piggy-env");
  try {
    const stdio = ["ignore", "ignore", "ignore"] as const;
    return Bun.spawnSync([launcher, "try", name], { env: {}, stdio: [...stdio] }).exitCode;
  } catch {
    return undefined;
  }
}

export function cannotRun(code: ErrorCode, file: string, why: string): PiggyError {
  return new PiggyError(code, `cannot run ${quoted(file)}: ${why}`);
}

function quoted(file: string): string {
  return JSON.stringify(textOf(file));
}
