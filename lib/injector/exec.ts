/** execve(2): this process becomes the application, as if it had been started in our place. */
import { encodeBytes } from "./bytes.ts";
import type { ProcessState } from "./launch.ts";
import { addressOf, errno, systemCall } from "./system-call.ts";

const F_SETFD = 2;
const RLIMIT_NOFILE = 7;
const SIG_SETMASK = 2;
/** sigset_t of the kernel, in bytes: a bit for each signal. */
const SIGNAL_SET_SIZE = 8;
/** struct sigaction of the kernel, in words of eight bytes; the handler is the first. */
const SIGACTION_WORDS = 4;

/** Bun ignores these two, and an ignored signal stays ignored through execve. Source: signal(7). */
const IGNORED_BY_BUN = [13, 25]; // SIGPIPE, SIGXFSZ

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
  const path = encodeBytes(`${file}\0`);
  const argvStrings = stringsOf(argv);
  const environmentStrings = stringsOf(environment);
  restore(state);
  systemCall("execve", path, argvStrings.pointers, environmentStrings.pointers);
  const failure = errno();
  takeBack(state);
  return failure;
}

const SIG_DFL = 0n;
const SIG_IGN = 1n;

function handle(signal: number, handler: bigint): void {
  const action = new BigUint64Array(SIGACTION_WORDS);
  action[0] = handler;
  systemCall("rt_sigaction", signal, action, 0, SIGNAL_SET_SIZE);
}

function restore(state: ProcessState | undefined): void {
  const ignored = state?.ignoredSignals ?? 0n;
  for (const signal of IGNORED_BY_BUN) handle(signal, SIG_DFL);
  // A handler of Bun's would become the default action: what was ignored is said to be so again.
  for (let signal = 1; ignored >> BigInt(signal - 1) !== 0n; signal += 1) {
    if ((ignored >> BigInt(signal - 1)) & 1n) handle(signal, SIG_IGN);
  }
  if (state === undefined) return;
  const { soft, hard } = state.openFiles;
  limitOpenFiles(soft, hard);
  for (const descriptor of state.descriptors) systemCall("fcntl", descriptor, F_SETFD, 0);
  systemCall("rt_sigprocmask", SIG_SETMASK, new BigUint64Array([state.blockedSignals]), 0, SIGNAL_SET_SIZE);
}

/** For whoever tells why: a descriptor is to be had again, and a stderr that nobody reads ends nothing. */
function takeBack(state: ProcessState | undefined): void {
  for (const signal of IGNORED_BY_BUN) handle(signal, SIG_IGN);
  if (state === undefined) return;
  const { hard } = state.openFiles;
  limitOpenFiles(hard, hard);
}

function limitOpenFiles(soft: bigint, hard: bigint): void {
  systemCall("prlimit64", 0, RLIMIT_NOFILE, new BigUint64Array([soft, hard]));
}

/** A NULL-terminated array of char*, and what it points into, which must outlive it. */
function stringsOf(strings: readonly string[]) {
  // The one at the end is nobody's: an empty block has no address.
  const block = encodeBytes(`${strings.map((string) => `${string}\0`).join("")}\0`);
  const pointers = new BigUint64Array(strings.length + 1);
  let at = addressOf(block);
  for (const [index, string] of strings.entries()) {
    pointers[index] = BigInt(at);
    at += string.length + 1;
  }
  return { block, pointers };
}
