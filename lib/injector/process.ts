/**
 * This process as the kernel has it. Arguments and variables are bytes, not text: they are held here as strings of
 * one character a byte, so that whatever is not ours goes on as it came.
 */
import { decodeBytes } from "./bytes.ts";
import { readFile } from "./files.ts";

/** One string for each NUL-terminated entry of a file of /proc. */
function entriesOf(file: string): readonly string[] {
  const entries = decodeBytes(readFile(file)).split("\0");
  // Behind the last NUL there is nothing; what a process wrote over its own title may end without one.
  if (entries.at(-1) === "") entries.pop();
  return entries;
}

/** The arguments, the program's own name first. */
export function readArguments(): readonly string[] {
  return entriesOf("/proc/self/cmdline");
}

/** The environment in order, duplicates included, as `NAME=value`. */
export function readEnvironment(): readonly string[] {
  return entriesOf("/proc/self/environ");
}
