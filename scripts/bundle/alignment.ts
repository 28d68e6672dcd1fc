/**
 * Where a program's segments stand in its file. A page of the file is mapped by itself unless file and memory agree on
 * more than a page: where they agree on 2 MiB, and the page cache holds the file in such pieces, the kernel maps 2 MiB
 * with one page fault. Bun's code is 80 MB, and a start that touches it here and there took 300 faults in it.
 */
import { PROGRAM_HEADER, PT_LOAD, readHeaders, SECTION_HEADER, SECTIONS_AT } from "./elf.ts";

const HUGE_PAGE = 2 * 1024 * 1024;

interface Gap {
  /** In front of which byte of the file. */
  readonly at: number;
  readonly bytes: number;
}

const PF_W = 2;

/** The program with gaps in front of its segments, so that they are aligned; those that are written to are copied anyway. */
export function alignSegments(program: Uint8Array): Uint8Array {
  const gaps = findGaps(program);
  const moved = (offset: number) =>
    gaps.reduce((sum, { at, bytes }) => (offset >= at ? sum + bytes : sum), offset);
  const aligned = new Uint8Array(moved(program.length));
  const cuts = [0, ...gaps.map(({ at }) => at), program.length];
  for (const [index, start] of cuts.slice(0, -1).entries())
    aligned.set(program.subarray(start, cuts[index + 1]), moved(start));

  const move = (view: DataView, at: number) =>
    view.setBigUint64(at, BigInt(moved(Number(view.getBigUint64(at, true)))), true);
  const { view: header, programHeaders } = readHeaders(aligned);
  move(header, SECTIONS_AT);
  for (const at of programHeaders) move(header, at + PROGRAM_HEADER.offset);
  const { view, sectionHeaders } = readHeaders(aligned);
  for (const at of sectionHeaders) move(view, at + SECTION_HEADER.offset);
  return aligned;
}

function findGaps(program: Uint8Array): readonly Gap[] {
  const { view, programHeaders } = readHeaders(program);
  const gaps: Gap[] = [];
  let shift = 0;
  for (const header of programHeaders) {
    if (view.getUint32(header + PROGRAM_HEADER.type, true) !== PT_LOAD) continue;
    const offset = Number(view.getBigUint64(header + PROGRAM_HEADER.offset, true));
    const address = Number(view.getBigUint64(header + PROGRAM_HEADER.address, true));
    const isWritten = (view.getUint32(header + PROGRAM_HEADER.flags, true) & PF_W) !== 0;
    const unit = isWritten ? 4096 : HUGE_PAGE;
    const bytes = (((address - offset - shift) % unit) + unit) % unit;
    if (bytes > 0) gaps.push({ at: offset, bytes });
    shift += bytes;
  }
  return gaps;
}
