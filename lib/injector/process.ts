/**
 * This process as the kernel has it. Arguments and variables are bytes, not text: they are held here as strings of
 * one character a byte, so that whatever is not ours goes on as it came.
 */
import { readBytes } from "./libc.ts";

/** One string for each NUL-terminated entry of a file of /proc. */
function entriesOf(file: string): readonly string[] {
  const content = readBytes(file).toString("latin1");
  return content === "" ? [] : content.replace(/\0$/, "").split("\0");
}

/** The arguments, the program's own name first. */
export function readArguments(): readonly string[] {
  return entriesOf("/proc/self/cmdline");
}

/** The environment in order, duplicates included, as `NAME=value`. */
export function readEnvironment(): readonly string[] {
  return entriesOf("/proc/self/environ");
}

export function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

export function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
