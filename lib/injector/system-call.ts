/**
 * System calls, by the one function of the C library that makes any of them: each function that is opened costs its
 * own part of every start, and the C library hides two signals that it uses itself.
 */

/** What `bun:ffi` is made of. The module around it takes a quarter of a millisecond to load, to convert what we don't pass. */
interface NativeFfi {
  dlopen<Name extends string>(
    library: string,
    symbols: { readonly [N in Name]: { readonly args: readonly "i64"[]; readonly returns: "i64" } },
  ): { readonly symbols: { readonly [N in Name]: (...words: number[]) => bigint } };
  ptr(memory: Uint8Array | BigUint64Array): number;
  readonly read: { i32(address: number): number };
}

declare module "bun" {
  const FFI: NativeFfi;
}

const { FFI: ffi } = Bun;

/** Source: asm/unistd_64.h of amd64, asm-generic/unistd.h of arm64. */
const NUMBERS =
  process.arch === "arm64"
    ? {
        ...{ openat: 56, close: 57, read: 63, write: 64, faccessat: 48, statx: 291, fcntl: 25 },
        ...{ rt_sigaction: 134, rt_sigprocmask: 135, prlimit64: 261, execve: 221 },
      }
    : {
        ...{ openat: 257, close: 3, read: 0, write: 1, faccessat: 269, statx: 332, fcntl: 72 },
        ...{ rt_sigaction: 13, rt_sigprocmask: 14, prlimit64: 302, execve: 59 },
      };

const { syscall, __errno_location } = ffi.dlopen("libc.so.6", {
  syscall: { args: ["i64", "i64", "i64", "i64", "i64", "i64"], returns: "i64" },
  // Opened beforehand: to open it once a call has failed would overwrite why.
  __errno_location: { args: [], returns: "i64" },
}).symbols;

/** Memory that is passed has to be held by the caller until the call is over. */
export type Argument = number | Uint8Array | BigUint64Array;

/** What the call returns, -1 when it failed: `errno()` then says why. */
export function systemCall(
  name: keyof typeof NUMBERS,
  first: Argument,
  second: Argument = 0,
  third: Argument = 0,
  fourth: Argument = 0,
  fifth: Argument = 0,
): number {
  const call = NUMBERS[name];
  return Number(syscall(call, word(first), word(second), word(third), word(fourth), word(fifth)));
}

function word(argument: Argument): number {
  return typeof argument === "number" ? argument : ffi.ptr(argument);
}

/** Where memory is, for what points into it. */
export function addressOf(memory: Uint8Array): number {
  return ffi.ptr(memory);
}

/** Of the last call that failed. */
export function errno(): number {
  return ffi.read.i32(Number(__errno_location()));
}
