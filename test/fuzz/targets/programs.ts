/** The first bytes of files that are to be executed, one character a byte. */
import fc from "fast-check";
import { formatOf, HEAD } from "../../../lib/injector/program-format.ts";
import { words } from "../near.ts";
import { target } from "../target.ts";

const LOADER = "/lib64/ld-linux-x86-64.so.2\0";

/** A program of this machine with a loader, as linkers write it. */
function program(): string {
  const bytes = Buffer.alloc(HEAD);
  bytes.write("\x7fELF\x02\x01\x01", 0, "latin1");
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(process.arch === "arm64" ? 183 : 62, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(3, 56);
  for (const [index, type] of [6, 3, 1].entries()) {
    const at = 64 + 56 * index;
    bytes.writeUInt32LE(type, at);
    bytes.writeBigUInt64LE(type === 3 ? 232n : 64n, at + 8);
    bytes.writeBigUInt64LE(BigInt(LOADER.length), at + 32);
  }
  bytes.write(LOADER, 232, "latin1");
  return bytes.toString("latin1");
}
const PROGRAM = program();

const edit = fc.record({
  at: fc.oneof(fc.nat({ max: 64 }), fc.nat({ max: 260 }), fc.nat({ max: HEAD })),
  bytes: fc.array(fc.oneof(fc.constantFrom(0, 1, 255), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }),
});
/** What is changed of this program, and where it ends: all of it would be a long corpus. */
const changes = fc.record({
  edits: fc.array(edit, { maxLength: 4 }),
  length: fc.oneof(fc.constant(HEAD), fc.nat({ max: 300 }), fc.nat({ max: HEAD })),
});

export const elfPrograms = target({
  name: "elf",
  inputs: changes,
  check({ edits, length }) {
    const head = edits
      .reduce(
        (text, { at, bytes }) =>
          text.slice(0, at) + String.fromCharCode(...bytes) + text.slice(at + bytes.length),
        PROGRAM,
      )
      .slice(0, length);
    const format = formatOf(head);
    if (format.kind === "script") throw new Error("it is no script");
    if (format.kind === "refused") return format.why.replace(/for .*/, "for another machine");
    if (format.loader === undefined) return "without a loader";
    if (!head.includes(format.loader) || format.loader.includes("\0"))
      throw new Error("its loader is nowhere in it");
    return "with a loader";
  },
});

const isSpace = (character: string | undefined) => character === " " || character === "\t";

/**
 * load_script of Linux, fs/binfmt_script.c, step by step, on its buffer of 256 bytes. The interpreter, or the error.
 */
function asLinuxHasIt(head: string): string | number {
  const buffer = [...head.slice(0, 256).padEnd(256, "\0")];
  const nextNonSpace = (from: number, last: number) => {
    for (let at = from; at <= last; at += 1) if (!isSpace(buffer[at])) return at;
    return undefined;
  };
  const nextTerminator = (from: number, last: number) => {
    for (let at = from; at <= last; at += 1) if (isSpace(buffer[at]) || buffer[at] === "\0") return at;
    return undefined;
  };
  const bufferEnd = 255;
  // strnchr ends at the first NUL.
  const nul = buffer.indexOf("\0");
  let end = buffer.indexOf("\n");
  if (nul >= 0 && nul < end) end = -1;
  if (end < 0) {
    end = nextNonSpace(2, bufferEnd) ?? -1;
    if (end < 0) return ENOEXEC;
    // The name must end within the buffer.
    if (nextTerminator(end, bufferEnd) === undefined) return ENOEXEC;
    end = bufferEnd;
  }
  while (isSpace(buffer[end - 1])) end -= 1;
  buffer[end] = "\0";
  const name = nextNonSpace(2, end);
  if (name === undefined || name === end) return ENOEXEC;
  return buffer.slice(name, nextTerminator(name, end) ?? end).join("");
}
const ENOEXEC = 8;
const EACCES = 13;

export const scripts = target({
  name: "script",
  inputs: fc
    .tuple(
      words(
        [
          "/bin/sh",
          " ",
          "\t",
          "\n",
          "\r",
          "-e",
          "\0",
          "/usr/bin/env bash",
          "a".repeat(120),
          "a".repeat(249),
          "#!",
        ],
        8,
      ),
      fc.boolean(),
    )
    .map(([text, isLong]) =>
      Buffer.from(`#!${text}${isLong ? "x".repeat(300) : ""}`)
        .toString("latin1")
        .slice(0, HEAD),
    ),
  check(head) {
    const format = formatOf(head);
    const expected = asLinuxHasIt(head);
    if (format.kind === "program") throw new Error("it is no program");
    if (format.kind === "script") {
      if (format.interpreter !== expected)
        throw new Error(`${JSON.stringify(format.interpreter)}, and for Linux ${JSON.stringify(expected)}`);
      return "a script";
    }
    // The empty name is the working directory, which nobody can execute.
    if (expected === "" ? format.errno !== EACCES : format.errno !== expected)
      throw new Error(`${format.errno}, and for Linux ${JSON.stringify(expected)}`);
    return format.why;
  },
});
