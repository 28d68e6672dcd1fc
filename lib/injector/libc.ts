/**
 * Files by the C library that the process has loaded anyway. node:fs would do the same, and takes more than a
 * millisecond to load, at every start of every container.
 */
import { dlopen, ptr, read } from "bun:ffi";

const { symbols: libc } = dlopen("libc.so.6", {
  open: { args: ["ptr", "i32", "i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i64" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
  access: { args: ["ptr", "i32"], returns: "i32" },
  statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
});

/** A call that failed, and why. The message says which file. */
export class SystemError extends Error {
  readonly errno: number;

  constructor(errno: number, file: string) {
    super(`${file}: ${NAMES.get(errno) ?? `error ${errno}`}`);
    this.errno = errno;
  }
}

export const ENOENT = 2;
export const EACCES = 13;
export const ENOTDIR = 20;

const NAMES: ReadonlyMap<number, string> = new Map([
  [ENOENT, "no such file or directory"],
  [EACCES, "permission denied"],
  [ENOTDIR, "not a directory"],
  [21, "is a directory"],
]);

function errno(): number {
  const location = libc.__errno_location();
  return location === null ? 0 : read.i32(location);
}

function terminated(file: string): Uint8Array {
  return Buffer.from(`${file}\0`, "latin1");
}

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_TRUNC = 0o1000;
const O_CLOEXEC = 0o2000000;

const CHUNK = 64 * 1024;

/** A file's bytes. Paths are bytes, one a character. @throws SystemError */
export function readBytes(file: string): Buffer {
  const descriptor = libc.open(ptr(terminated(file)), O_RDONLY | O_CLOEXEC, 0);
  if (descriptor < 0) throw new SystemError(errno(), file);
  const chunks: Buffer[] = [];
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(CHUNK);
      const length = Number(libc.read(descriptor, ptr(chunk), CHUNK));
      if (length < 0) throw new SystemError(errno(), file);
      if (length === 0) return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    libc.close(descriptor);
  }
}

/**
 * What one read gives of a file's beginning, at most `length` bytes, one a character; undefined where this user cannot
 * read it.
 */
export function readHead(file: string, length: number): string | undefined {
  const descriptor = libc.open(ptr(terminated(file)), O_RDONLY | O_CLOEXEC, 0);
  if (descriptor < 0) return undefined;
  const head = Buffer.allocUnsafeSlow(length);
  const got = Number(libc.read(descriptor, ptr(head), length));
  libc.close(descriptor);
  return got < 0 ? undefined : head.toString("latin1", 0, got);
}

/** Writes all of a text to an open descriptor, or as much as it takes. */
export function writeText(descriptor: number, text: string): void {
  let rest = Buffer.from(text, "utf8");
  while (rest.length > 0) {
    const written = Number(libc.write(descriptor, ptr(rest), rest.length));
    if (written <= 0) return;
    rest = rest.subarray(written);
  }
}

/** Replaces the content of a file that is there; makes none. @throws SystemError */
export function overwrite(file: string, text: string): void {
  const descriptor = libc.open(ptr(terminated(file)), O_WRONLY | O_TRUNC | O_CLOEXEC, 0);
  if (descriptor < 0) throw new SystemError(errno(), file);
  writeText(descriptor, text);
  libc.close(descriptor);
}

const AT_FDCWD = -100;
const STATX_TYPE = 1;
/** struct statx, the same on every architecture. Source: statx(2). */
const STATX_SIZE = 256;
const STATX_MODE = 28;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const X_OK = 1;

/** 0 when the file is a regular one that this user may execute, else why not. */
export function executableFault(file: string): number {
  const path = terminated(file);
  const stat = Buffer.alloc(STATX_SIZE);
  if (libc.statx(AT_FDCWD, ptr(path), 0, STATX_TYPE, ptr(stat)) !== 0) return errno();
  if ((stat.readUInt16LE(STATX_MODE) & S_IFMT) !== S_IFREG) return EACCES;
  return libc.access(ptr(path), X_OK) === 0 ? 0 : errno();
}
