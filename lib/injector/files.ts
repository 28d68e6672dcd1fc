/**
 * Files by system calls. node:fs would do the same, and takes more than a millisecond to load, at every start of every
 * container. Paths are bytes, one a character.
 */
import { decodeBytes, decodeText, encodeBytes, encodeText, textOf } from "./bytes.ts";
import { errno, systemCall } from "./system-call.ts";

/** A call that failed, and why. The message says which file. */
export class SystemError extends Error {
  readonly errno: number;

  constructor(errno: number, file: string) {
    super(`${textOf(file)}: ${NAMES[errno] ?? `error ${errno}`}`);
    this.errno = errno;
  }
}

export const ENOENT = 2;
export const EACCES = 13;
export const ENOTDIR = 20;

const NAMES: Readonly<Record<number, string>> = {
  [ENOENT]: "no such file or directory",
  [EACCES]: "permission denied",
  [ENOTDIR]: "not a directory",
  21: "is a directory",
};

const AT_FDCWD = -100;
const O_RDONLY = 0;
const O_WRONLY = 1;
const O_TRUNC = 0o1000;
const O_CLOEXEC = 0o2000000;

const CHUNK = 16 * 1024;

/** -1 when it failed. */
function open(file: string, flags: number): number {
  return systemCall("openat", AT_FDCWD, encodeBytes(`${file}\0`), flags | O_CLOEXEC);
}

/** A file's bytes. @throws SystemError */
export function readFile(file: string): Uint8Array {
  const descriptor = open(file, O_RDONLY);
  if (descriptor < 0) throw new SystemError(errno(), file);
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = new Uint8Array(CHUNK);
    const length = systemCall("read", descriptor, chunk, CHUNK);
    if (length > 0) {
      chunks.push(chunk.subarray(0, length));
      continue;
    }
    const error = length < 0 ? errno() : 0;
    systemCall("close", descriptor);
    if (error !== 0) throw new SystemError(error, file);
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  }
}

/** A file's text, of UTF-8. @throws SystemError */
export function readText(file: string): string {
  return decodeText(readFile(file));
}

/**
 * What one read gives of a file's beginning, at most `length` bytes, one a character; undefined where this user cannot
 * read it.
 */
export function readHead(file: string, length: number): string | undefined {
  const descriptor = open(file, O_RDONLY);
  if (descriptor < 0) return undefined;
  const head = new Uint8Array(length);
  const got = systemCall("read", descriptor, head, length);
  systemCall("close", descriptor);
  return got < 0 ? undefined : decodeBytes(head.subarray(0, got));
}

/** Writes all of a text to an open descriptor, or as much as it takes. */
export function writeText(descriptor: number, text: string): void {
  let rest = encodeText(text);
  while (rest.length > 0) {
    const written = systemCall("write", descriptor, rest, rest.length);
    if (written <= 0) return;
    rest = rest.subarray(written);
  }
}

/** Replaces the content of a file that is there; makes none. @throws SystemError */
export function overwrite(file: string, text: string): void {
  const descriptor = open(file, O_WRONLY | O_TRUNC);
  if (descriptor < 0) throw new SystemError(errno(), file);
  writeText(descriptor, text);
  systemCall("close", descriptor);
}

const STATX_TYPE = 1;
/** struct statx, the same on every architecture, in bytes. Source: statx(2). */
const STATX_SIZE = 256;
const STATX_MODE = 28;
/** Of the mode's upper byte. */
const S_IFMT = 0xf0;
const S_IFREG = 0x80;
const X_OK = 1;

/** 0 when the file is a regular one that this user may execute, else why not. */
export function executableFault(file: string): number {
  const path = encodeBytes(`${file}\0`);
  const stat = new Uint8Array(STATX_SIZE);
  if (systemCall("statx", AT_FDCWD, path, 0, STATX_TYPE, stat) !== 0) return errno();
  if (((stat[STATX_MODE + 1] ?? 0) & S_IFMT) !== S_IFREG) return EACCES;
  return systemCall("faccessat", AT_FDCWD, path, X_OK) === 0 ? 0 : errno();
}
