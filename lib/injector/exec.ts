/** execve(2): this process becomes the application, as if it had been started in our place. */
import { dlopen, ptr, read } from "bun:ffi";
import type { ProcessState } from "./launch.ts";

const F_SETFD = 2;
const RLIMIT_NOFILE = 7;
const SIG_SETMASK = 2;
/** sigset_t of the kernel, in bytes: a bit for each signal. */
const SIGNAL_SET_SIZE = 8;
/** struct sigaction of the kernel, in words of eight bytes; the handler is the first. */
const SIGACTION_WORDS = 4;

/** By number, past the C library, which hides two signals that it uses itself. Source: asm/unistd.h, asm-generic/unistd.h. */
const SYSCALLS =
  process.arch === "arm64" ? { sigaction: 134, sigprocmask: 135 } : { sigaction: 13, sigprocmask: 14 };

/** Bun ignores these two, and an ignored signal stays ignored through execve. Source: signal(7). */
const IGNORED_BY_BUN = [13, 25]; // SIGPIPE, SIGXFSZ

function openLibc() {
  return dlopen("libc.so.6", {
    execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    syscall: { args: ["i64", "i64", "ptr", "ptr", "i64"], returns: "i64" },
    fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
    setrlimit: { args: ["i32", "ptr"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  }).symbols;
}

type Libc = ReturnType<typeof openLibc>;

/**
 * Replaces this process. All strings are bytes. Without a state, only what Bun is known to ignore is given back.
 * Returns only when execve failed, with its errno.
 */
export function exec(
  file: string,
  argv: readonly string[],
  environment: readonly string[],
  state: ProcessState | undefined,
): number {
  const libc = openLibc();
  const path = terminated(file);
  const argvStrings = argv.map(terminated);
  const environmentStrings = environment.map(terminated);
  const argvPointers = pointers(argvStrings);
  const environmentPointers = pointers(environmentStrings);
  restore(libc, state);
  libc.execve(ptr(path), ptr(argvPointers), ptr(environmentPointers));
  const location = libc.__errno_location();
  const errno = location === null ? 0 : read.i32(location);
  takeBack(libc, state);
  return errno;
}

const SIG_DFL = 0n;
const SIG_IGN = 1n;

function handle(libc: Libc, signal: number, handler: bigint): void {
  const action = new BigUint64Array(SIGACTION_WORDS);
  action[0] = handler;
  libc.syscall(SYSCALLS.sigaction, signal, ptr(action), null, SIGNAL_SET_SIZE);
}

function restore(libc: Libc, state: ProcessState | undefined): void {
  const ignored = state?.ignoredSignals ?? 0n;
  for (const signal of IGNORED_BY_BUN) handle(libc, signal, SIG_DFL);
  // A handler of Bun's would become the default action: what was ignored is said to be so again.
  for (let signal = 1; signal <= 64; signal += 1) {
    if ((ignored >> BigInt(signal - 1)) & 1n) handle(libc, signal, SIG_IGN);
  }
  if (state === undefined) return;
  const { soft, hard } = state.openFiles;
  libc.setrlimit(RLIMIT_NOFILE, ptr(new BigUint64Array([soft, hard])));
  for (const descriptor of state.descriptors) libc.fcntl(descriptor, F_SETFD, 0);
  const mask = new BigUint64Array([state.blockedSignals]);
  libc.syscall(SYSCALLS.sigprocmask, SIG_SETMASK, ptr(mask), null, SIGNAL_SET_SIZE);
}

/** For whoever tells why: a descriptor is to be had again, and a stderr that nobody reads ends nothing. */
function takeBack(libc: Libc, state: ProcessState | undefined): void {
  for (const signal of IGNORED_BY_BUN) handle(libc, signal, SIG_IGN);
  if (state === undefined) return;
  const { hard } = state.openFiles;
  libc.setrlimit(RLIMIT_NOFILE, ptr(new BigUint64Array([hard, hard])));
}

function terminated(bytes: string): Buffer {
  return Buffer.from(`${bytes}\0`, "latin1");
}

/** A NULL-terminated array of char*. The buffers must outlive it. */
function pointers(strings: readonly Buffer[]): BigUint64Array {
  return new BigUint64Array([...strings.map((string) => BigInt(ptr(string))), 0n]);
}
