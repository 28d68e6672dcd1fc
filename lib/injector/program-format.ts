/**
 * What the kernel by itself makes of a file that it is to execute, by the file's first bytes. Pure. What it can be
 * taught besides (programs of 32 bits, handlers of binfmt_misc) is not known here: a refusal is a guess.
 * Source: Linux, fs/binfmt_script.c and fs/binfmt_elf.c; elf(5).
 */
import { EACCES } from "./files.ts";

export type Format =
  | { readonly kind: "script"; readonly interpreter: string }
  | { readonly kind: "program"; readonly loader: string | undefined }
  /** What execve would answer, and what is wrong with the file, to follow its name. */
  | { readonly kind: "refused"; readonly errno: number; readonly why: string };

/** Where a file has its headers and its loader's name, as linkers write it. */
export const HEAD = 4096;

const EIO = 5;
const ENOEXEC = 8;

/** BINPRM_BUF_SIZE: what the kernel reads of a script. */
const LONGEST_LINE = 256;

/** The head is bytes, one a character. */
export function formatOf(head: string): Format {
  if (head.length === 0) return refused(ENOEXEC, "is empty");
  if (head.startsWith("\x7fELF")) return elfFormat(head);
  if (head.startsWith("#!")) return scriptFormat(head.slice(0, LONGEST_LINE));
  return refused(ENOEXEC, "is no program of this machine, and names no interpreter in a first line with #!");
}

/** A line that does not end within what the kernel reads is good as long as the interpreter's name does. */
function scriptFormat(start: string): Format {
  const text = start.padEnd(LONGEST_LINE, "\0");
  const line = /^#!([^\n\0]*)\n/.exec(text)?.[1];
  const [, interpreter = "", end] = /^[ \t]*([^ \t\0]*)([ \t\0]?)/.exec(line ?? text.slice(2)) ?? [];
  if (line === undefined && end === "")
    return refused(ENOEXEC, `names an interpreter that does not end within ${LONGEST_LINE} bytes`);
  if (interpreter !== "") return { kind: "script", interpreter };
  // Without the line's end, the kernel opens the empty name, which is the working directory.
  return refused(line === undefined ? EACCES : ENOEXEC, "names no interpreter behind its #!");
}

const EM_X86_64 = 62;
const EM_AARCH64 = 183;
const OWN_MACHINE = process.arch === "arm64" ? EM_AARCH64 : EM_X86_64;

/** Where the ELF header has what, in bytes. It is as long on both architectures. */
const HEADER = { length: 64, type: 16, machine: 18, table: 32, entrySize: 54, entries: 56 } as const;
const ENTRY = { length: 56, offset: 8, size: 32 } as const;
const LONGEST_TABLE = 65536;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_INTERP = 3;
const PATH_MAX = 4096;

/** What is not in the head is not worth another read before every start: execve will say. */
const UNSEEN: Format = { kind: "program", loader: undefined };

function elfFormat(head: string): Format {
  if (head.length < HEADER.length) return refused(ENOEXEC, "is an ELF file that breaks off in its header");
  const type = numberAt(head, HEADER.type, 2);
  if (type !== ET_EXEC && type !== ET_DYN) return refused(ENOEXEC, "is an ELF file, and no program");
  const machine = numberAt(head, HEADER.machine, 2);
  if (machine !== OWN_MACHINE) {
    const name = machineName(machine);
    return refused(ENOEXEC, `is a program for ${name}, and this machine is ${machineName(OWN_MACHINE)}`);
  }
  const size = numberAt(head, HEADER.entries, 2) * ENTRY.length;
  if (numberAt(head, HEADER.entrySize, 2) !== ENTRY.length || size === 0 || size > LONGEST_TABLE) {
    return refused(ENOEXEC, "is an ELF file whose headers are not valid");
  }
  const start = numberAt(head, HEADER.table, 8);
  if (start + size <= head.length) return programFormat(head, start, start + size);
  return isWhole(head) ? refused(ENOEXEC, "is an ELF file that breaks off in its headers") : UNSEEN;
}

function programFormat(head: string, start: number, end: number): Format {
  for (let at = start; at < end; at += ENTRY.length) {
    if (numberAt(head, at, 4) !== PT_INTERP) continue;
    const name = numberAt(head, at + ENTRY.offset, 8);
    const size = numberAt(head, at + ENTRY.size, 8);
    if (size < 2 || size > PATH_MAX) return refused(ENOEXEC, "names its loader in no valid way");
    if (name + size > head.length) {
      return isWhole(head) ? refused(EIO, "is an ELF file that breaks off in its loader's name") : UNSEEN;
    }
    if (head[name + size - 1] !== "\0") return refused(ENOEXEC, "names its loader in no valid way");
    return { kind: "program", loader: head.slice(name, head.indexOf("\0", name)) };
  }
  return { kind: "program", loader: undefined };
}

/** Little-endian. Not exact beyond 2^53, where no file has anything. */
function numberAt(head: string, at: number, bytes: number): number {
  let number = 0;
  for (let index = at + bytes - 1; index >= at; index -= 1) number = number * 256 + head.charCodeAt(index);
  return number;
}

function machineName(machine: number): string {
  const names: Readonly<Record<number, string>> = {
    3: "x86",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    [EM_X86_64]: "x86-64",
    [EM_AARCH64]: "arm64",
    243: "riscv64",
  };
  return names[machine] ?? `the ELF machine ${machine}`;
}

/** Whether the file ends where the head does. */
function isWhole(head: string): boolean {
  return head.length < HEAD;
}

function refused(errno: number, why: string): Format {
  return { kind: "refused", errno, why };
}
