/** Why execve failed, in words. It is loaded only then. */
import type { ErrorCode, PiggyError } from "../error.ts";
import { describeLength, type ProgramStart } from "./argument-lengths.ts";
import { cannotRun, formatFault, meansAbsent } from "./runnable.ts";

export interface FailedExec extends ProgramStart {
  readonly errno: number;
}

const E2BIG = 7;

/** What an errno of execve's says of the file. Source: execve(2). */
const REASONS: ReadonlyMap<number, readonly [name: string, why: string]> = new Map([
  [1, ["EPERM", "the kernel or a security policy forbids it"]],
  [2, ["ENOENT", "it, its interpreter or its loader is not there"]],
  [5, ["EIO", "it cannot be read"]],
  [8, ["ENOEXEC", "it is no program of this machine, and no script"]],
  [13, ["EACCES", "this user may not execute it, its interpreter or its loader"]],
  [20, ["ENOTDIR", "the path to it, its interpreter or its loader leads through a file"]],
  [22, ["EINVAL", "its headers are not valid"]],
  [26, ["ETXTBSY", "somebody has it open for writing, and must close it first"]],
  [36, ["ENAMETOOLONG", "its path is too long"]],
  [40, ["ELOOP", "too many links or interpreters lead to it"]],
  [80, ["ELIBBAD", "its loader is no ELF program of this machine"]],
]);

/** Those that say something of the machine or the container, and nothing of the file. */
const SHORTAGES: ReadonlyMap<number, readonly [name: string, why: string]> = new Map([
  [11, ["EAGAIN", "its user has as many processes as the limit allows"]],
  [12, ["ENOMEM", "there is not enough memory to start it"]],
  [23, ["ENFILE", "too many files are open on the machine"]],
  [24, ["EMFILE", "too many files are open in this process"]],
]);

/** `exec_failed`, `command_not_found` or `command_not_executable`. */
export function execFailure(failed: FailedExec): PiggyError {
  const { file, errno } = failed;
  if (errno === E2BIG) return cannotRun("exec_failed", file, `${describeLength(failed)} (E2BIG)`);
  const shortage = SHORTAGES.get(errno);
  const [name, why] = shortage ?? REASONS.get(errno) ?? [`errno ${errno}`, "the kernel does not execute it"];
  // Which of several things it was, where the file can be read and says the same.
  const fault = shortage === undefined ? formatFault(file) : undefined;
  const reason = fault?.errno === errno ? fault.why : why;
  return cannotRun(codeOf(errno), file, `${reason} (${name})`);
}

function codeOf(errno: number): ErrorCode {
  if (SHORTAGES.has(errno)) return "exec_failed";
  return meansAbsent(errno) ? "command_not_found" : "command_not_executable";
}
