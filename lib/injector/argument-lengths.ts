/** Which string was too long when execve said E2BIG: names, positions and lengths, and never a value. */
import { decodeBytes, textOf } from "./bytes.ts";
import { readFile } from "./files.ts";

export interface ProgramStart {
  readonly file: string;
  readonly argv: readonly string[];
  /** Each `NAME=value`. All strings are bytes. */
  readonly environment: readonly string[];
}

/** What the kernel takes of a program's strings, in bytes. */
interface Limits {
  /** Of one, its NUL included. */
  readonly one: number;
  /** Of all, with a pointer for each. */
  readonly all: number;
}

interface Item {
  readonly name: string;
  readonly bytes: number;
}

const POINTER = 8;
const NAMED = 3;
const LONGEST_NAME = 100;

/** What is too long, to follow "cannot run X:". */
export function describeLength({ file, argv, environment }: ProgramStart): string {
  const limits = readLimits();
  const items = [
    ...argv.map((argument, index) => ({ name: `argument ${index}`, bytes: argument.length + 1 })),
    ...environment.map((entry) => ({ name: nameOf(entry), bytes: entry.length + 1 })),
  ].sort((a, b) => b.bytes - a.bytes);
  const tooLong = items.filter(({ bytes }) => bytes > limits.one);
  if (tooLong.length > 0) {
    return `${list(tooLong)}; the kernel takes at most ${limits.one} bytes of one argument or of one variable, with its name and the NUL that ends it`;
  }
  const all = items.reduce((sum, { bytes }) => sum + bytes + POINTER, file.length + 1);
  const beyond = all > limits.all ? "" : ", which the line that names its interpreter adds to";
  return `its arguments and its environment take ${all} bytes together, with ${POINTER} for each pointer${beyond}; the kernel takes at most ${limits.all}, which a higher limit of the stack can raise to ${MOST}. The longest: ${list(items)}`;
}

function list(items: readonly Item[]): string {
  const named = items.slice(0, NAMED).map(({ name, bytes }) => `${name} has ${bytes} bytes`);
  return items.length > NAMED ? `${named.join(", ")}, and ${items.length - NAMED} more` : named.join(", ");
}

/** An entry without a name might be a value. */
function nameOf(entry: string): string {
  const equals = entry.indexOf("=");
  if (equals < 1) return "a variable without a name";
  const name = textOf(entry.slice(0, Math.min(equals, LONGEST_NAME)));
  return `variable ${/^\w+$/.test(name) ? name : JSON.stringify(name)}`;
}

const PAGES_OF_ONE = 32;
const LEAST = 128 * 1024;
const MOST = 6 * 1024 * 1024;

/** Source: Linux, MAX_ARG_STRLEN in uapi/linux/binfmts.h, and bprm_stack_limits in fs/exec.c. */
function readLimits(): Limits {
  const limits = decodeBytes(readFile("/proc/self/limits"));
  const stack = /^Max stack size +(\d+)/m.exec(limits)?.[1];
  const quarter = stack === undefined ? MOST : Math.floor(Number(stack) / 4);
  return { one: PAGES_OF_ONE * pageSize(), all: Math.max(LEAST, Math.min(MOST, quarter)) };
}

const AT_PAGESZ = 6n;

/** 4 KiB, or up to 64 KiB on arm64. Pairs of words; source: getauxval(3). */
function pageSize(): number {
  const vector = Buffer.from(readFile("/proc/self/auxv"));
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  return 4096;
}
