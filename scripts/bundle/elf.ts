/** The headers of a program. Source: System V ABI, "ELF Header" and "Program Header"; 64 bits, little-endian. */

const OF_FILE = {
  programHeaders: 32,
  sections: 40,
  entrySize: 54,
  entryCount: 56,
  sectionSize: 58,
  sectionCount: 60,
};

export interface Headers {
  readonly view: DataView;
  /** Where each program header stands. */
  readonly programHeaders: readonly number[];
  /** Where each section header stands. */
  readonly sectionHeaders: readonly number[];
}

/** Where the file says where its section headers are. */
export const SECTIONS_AT = OF_FILE.sections;

/** Within a program header, in bytes. */
export const PROGRAM_HEADER = { type: 0, flags: 4, offset: 8, address: 16, fileSize: 32 } as const;
/** Within a section header, in bytes. */
export const SECTION_HEADER = { offset: 24 } as const;

export const PT_LOAD = 1;
export const PT_INTERP = 3;

/** @throws Error when the file is no 64-bit ELF program */
export function readHeaders(program: Uint8Array): Headers {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint8(4) !== 2) throw new Error("not a 64-bit ELF program");
  const table = (start: number, size: number, count: number) =>
    Array.from({ length: count }, (_, index) => start + index * size);
  return {
    view,
    programHeaders: table(
      Number(view.getBigUint64(OF_FILE.programHeaders, true)),
      view.getUint16(OF_FILE.entrySize, true),
      view.getUint16(OF_FILE.entryCount, true),
    ),
    sectionHeaders: table(
      Number(view.getBigUint64(OF_FILE.sections, true)),
      view.getUint16(OF_FILE.sectionSize, true),
      view.getUint16(OF_FILE.sectionCount, true),
    ),
  };
}
