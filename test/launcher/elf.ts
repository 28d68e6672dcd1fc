/** What an ELF program's headers say. Source: System V ABI, "ELF Header" and "Program Header"; 64 bits, little-endian. */
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PT_GNU_STACK = 0x6474e551;

export interface Elf {
  /** EM_X86_64 is 62, EM_AARCH64 183. */
  readonly machine: number;
  /** The loader's path. */
  readonly interpreter: string | undefined;
  readonly isDynamic: boolean;
  /** Its rights, as "rw-"; undefined where the program does not say. */
  readonly stack: string | undefined;
  /** The rights of each segment that is loaded. */
  readonly segments: readonly string[];
}

/** @throws Error when the file is no ELF file of 64 bits */
export function parseElf(file: Buffer): Elf {
  if (file.toString("latin1", 0, 5) !== "\x7fELF\x02") throw new Error("no ELF file of 64 bits");
  const start = Number(file.readBigUInt64LE(32));
  const headers = Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * file.readUInt16LE(54);
    return {
      type: file.readUInt32LE(at),
      rights: rightsOf(file.readUInt32LE(at + 4)),
      offset: Number(file.readBigUInt64LE(at + 8)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
  const interpreter = headers.find(({ type }) => type === PT_INTERP);
  return {
    machine: file.readUInt16LE(18),
    interpreter:
      interpreter &&
      file.toString("latin1", interpreter.offset, interpreter.offset + interpreter.size).replace(/\0+$/, ""),
    isDynamic: headers.some(({ type }) => type === PT_DYNAMIC),
    stack: headers.find(({ type }) => type === PT_GNU_STACK)?.rights,
    segments: headers.filter(({ type }) => type === PT_LOAD).map(({ rights }) => rights),
  };
}

function rightsOf(flags: number): string {
  return `${flags & 4 ? "r" : "-"}${flags & 2 ? "w" : "-"}${flags & 1 ? "x" : "-"}`;
}
