/** execve(2): this process becomes the application. */
import { dlopen, ptr, read } from "bun:ffi";
import { PiggyError } from "../error.ts";
import { textOf } from "./process.ts";

/** Bun ignores these two, and an ignored signal stays ignored through execve. Source: signal(7). */
const SIGPIPE = 13;
const SIGXFSZ = 25;
const SIG_DFL = null;

const E2BIG = 7;
const ENOEXEC = 8;

/**
 * Replaces this process. All strings are bytes.
 * @throws PiggyError `exec_failed`, `command_not_executable`: execve returns only when it failed.
 */
export function exec(file: string, argv: readonly string[], environment: readonly string[]): never {
  const { symbols: libc } = dlopen("libc.so.6", {
    execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    signal: { args: ["i32", "ptr"], returns: "ptr" },
    __errno_location: { args: [], returns: "ptr" },
  });
  libc.signal(SIGPIPE, SIG_DFL);
  libc.signal(SIGXFSZ, SIG_DFL);
  const path = terminated(file);
  const argvStrings = argv.map(terminated);
  const environmentStrings = environment.map(terminated);
  libc.execve(ptr(path), ptr(pointers(argvStrings)), ptr(pointers(environmentStrings)));
  const location = libc.__errno_location();
  throw failure(file, location === null ? 0 : read.i32(location));
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
