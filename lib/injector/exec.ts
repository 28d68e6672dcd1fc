/** execve(2): this process becomes the application, as if it had been started in our place. */
import { dlopen, ptr, read } from "bun:ffi";
import { PiggyError } from "../error.ts";
import type { ProcessState } from "./launch.ts";
import { textOf } from "./process.ts";

const E2BIG = 7;
const ENOEXEC = 8;

const RLIMIT_NOFILE = 7;
const SIG_SETMASK = 2;
/** sigset_t of the C library: 1024 bits, of which the kernel knows the first 64. */
const SIGNAL_SET_WORDS = 16;

/** Bun ignores these two, and an ignored signal stays ignored through execve. Source: signal(7). */
const IGNORED_BY_BUN = [13, 25]; // SIGPIPE, SIGXFSZ

function openLibc() {
  return dlopen("libc.so.6", {
    execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    signal: { args: ["i32", "i64"], returns: "ptr" },
    sigprocmask: { args: ["i32", "ptr", "ptr"], returns: "i32" },
    setrlimit: { args: ["i32", "ptr"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  }).symbols;
}

type Libc = ReturnType<typeof openLibc>;

/**
 * Replaces this process. All strings are bytes. Without a state, only what Bun is known to ignore is given back.
 * @throws PiggyError `exec_failed`, `command_not_executable`: execve returns only when it failed.
 */
export function exec(
  file: string,
  argv: readonly string[],
  environment: readonly string[],
  state: ProcessState | undefined,
): never {
  const libc = openLibc();
  const path = terminated(file);
  const argvStrings = argv.map(terminated);
  const environmentStrings = environment.map(terminated);
  const argvPointers = pointers(argvStrings);
  const environmentPointers = pointers(environmentStrings);
  restore(libc, state);
  libc.execve(ptr(path), ptr(argvPointers), ptr(environmentPointers));
  const location = libc.__errno_location();
  throw failure(file, location === null ? 0 : read.i32(location));
}

const SIG_DFL = 0;
const SIG_IGN = 1;

function restore(libc: Libc, state: ProcessState | undefined): void {
  const ignored = state?.ignoredSignals ?? 0n;
  for (const signal of IGNORED_BY_BUN) libc.signal(signal, SIG_DFL);
  // A handler of Bun's would become the default action: what was ignored is said to be so again.
  for (let signal = 1; signal <= 64; signal += 1) {
    if ((ignored >> BigInt(signal - 1)) & 1n) libc.signal(signal, SIG_IGN);
  }
  if (state === undefined) return;
  const { soft, hard } = state.openFiles;
  libc.setrlimit(RLIMIT_NOFILE, ptr(new BigUint64Array([soft, hard])));
  const mask = new BigUint64Array(SIGNAL_SET_WORDS);
  mask[0] = state.blockedSignals;
  libc.sigprocmask(SIG_SETMASK, ptr(mask), null);
}

function terminated(bytes: string): Buffer {
  return Buffer.from(`${bytes}\0`, "latin1");
}

/** A NULL-terminated array of char*. The buffers must outlive it. */
function pointers(strings: readonly Buffer[]): BigUint64Array {
  return new BigUint64Array([...strings.map((string) => BigInt(ptr(string))), 0n]);
}

function failure(file: string, errno: number): PiggyError {
  const name = JSON.stringify(textOf(file));
  if (errno === E2BIG) {
    return new PiggyError(
      "exec_failed",
      `cannot run ${name}: its arguments and environment are longer than the kernel takes (E2BIG)`,
    );
  }
  if (errno === ENOEXEC) {
    return new PiggyError(
      "command_not_executable",
      `cannot run ${name}: it is no program and names no interpreter`,
    );
  }
  return new PiggyError("command_not_executable", `cannot run ${name}: execve fails with errno ${errno}`);
}
