/** The loader that an ELF program names. Source: System V ABI, "Program Header", PT_INTERP. */
import { PROGRAM_HEADER, PT_INTERP, readHeaders } from "./elf.ts";

/** Where the path of the loader stands, and how much room it has. @throws Error when the file is no 64-bit ELF program */
function findInterpreter(program: Uint8Array): { readonly at: number; readonly room: number } {
  const { view, programHeaders } = readHeaders(program);
  const header = programHeaders.find((at) => view.getUint32(at + PROGRAM_HEADER.type, true) === PT_INTERP);
  if (header === undefined) throw new Error("the program names no loader");
  return {
    at: Number(view.getBigUint64(header + PROGRAM_HEADER.offset, true)),
    room: Number(view.getBigUint64(header + PROGRAM_HEADER.fileSize, true)),
  };
}

/** Names another loader, in place. @throws Error when its path is longer than the one that is there */
export function setInterpreter(program: Uint8Array, path: string): void {
  const { at, room } = findInterpreter(program);
  const bytes = Buffer.from(`${path}\0`);
  if (bytes.length > room) throw new Error(`${path} is longer than the ${room} bytes that there are`);
  program.fill(0, at, at + room);
  program.set(bytes, at);
}
