/** The loader that an ELF program names. Source: System V ABI, "Program Header", PT_INTERP. */

const PT_INTERP = 3;
const OFFSETS = { programHeaders: 32, entrySize: 54, entryCount: 56 } as const;
const OF_ENTRY = { fileOffset: 8, fileSize: 32 } as const;

/** Where the path of the loader stands, and how much room it has. @throws Error when the file is no 64-bit ELF program */
function findInterpreter(program: Uint8Array): { readonly at: number; readonly room: number } {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint8(4) !== 2) throw new Error("not a 64-bit ELF program");
  const start = Number(view.getBigUint64(OFFSETS.programHeaders, true));
  const size = view.getUint16(OFFSETS.entrySize, true);
  for (let index = 0; index < view.getUint16(OFFSETS.entryCount, true); index += 1) {
    const entry = start + index * size;
    if (view.getUint32(entry, true) !== PT_INTERP) continue;
    const at = Number(view.getBigUint64(entry + OF_ENTRY.fileOffset, true));
    return { at, room: Number(view.getBigUint64(entry + OF_ENTRY.fileSize, true)) };
  }
  throw new Error("the program names no loader");
}

/** Names another loader, in place. @throws Error when its path is longer than the one that is there */
export function setInterpreter(program: Uint8Array, path: string): void {
  const { at, room } = findInterpreter(program);
  const bytes = Buffer.from(`${path}\0`);
  if (bytes.length > room) throw new Error(`${path} is longer than the ${room} bytes that there are`);
  program.fill(0, at, at + room);
  program.set(bytes, at);
}
