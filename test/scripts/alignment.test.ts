/** The injector's segments in its file, as the bundle has them, beside Bun as it comes. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { alignSegments } from "../../scripts/bundle/alignment.ts";
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { PROGRAM_HEADER, PT_LOAD, readHeaders, SECTION_HEADER } from "../../scripts/bundle/elf.ts";
import { bunRuntime } from "../../scripts/bundle/runtime.ts";
import { piggyEnv } from "../support/programs.ts";

const HUGE_PAGE = 2 * 1024 * 1024;

interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly isWritten: boolean;
  readonly bytes: Uint8Array;
}

function segmentsOf(program: Uint8Array): readonly Segment[] {
  const { view, programHeaders } = readHeaders(program);
  return programHeaders
    .filter((at) => view.getUint32(at + PROGRAM_HEADER.type, true) === PT_LOAD)
    .map((at) => {
      const offset = Number(view.getBigUint64(at + PROGRAM_HEADER.offset, true));
      const size = Number(view.getBigUint64(at + PROGRAM_HEADER.fileSize, true));
      return {
        offset,
        address: Number(view.getBigUint64(at + PROGRAM_HEADER.address, true)),
        isWritten: (view.getUint32(at + PROGRAM_HEADER.flags, true) & 2) !== 0,
        bytes: program.subarray(offset, offset + size),
      };
    });
}

const isAligned = ({ offset, address, isWritten }: Segment) =>
  (address - offset) % (isWritten ? 4096 : HUGE_PAGE) === 0;

async function bunAsItComes(): Promise<Uint8Array> {
  return Bun.file((await bunRuntime(ownArchitecture)).file).bytes();
}

/** Names and contents of sections, to compare two files by. */
function sectionStarts(program: Uint8Array): readonly string[] {
  const { view, sectionHeaders } = readHeaders(program);
  return sectionHeaders.map((at) => {
    const offset = Number(view.getBigUint64(at + SECTION_HEADER.offset, true));
    return Buffer.from(program.subarray(offset, offset + 16)).toString("hex");
  });
}

describe("the injector's segments", () => {
  test("are aligned in the bundle", async () => {
    const segments = segmentsOf(await Bun.file(join(await piggyEnv(), "../lib/injector")).bytes());
    expect(segments.length).toBeGreaterThan(1);
    expect(segments.every(isAligned)).toBe(true);
  });

  test("are not, as Bun comes", async () => {
    expect(segmentsOf(await bunAsItComes()).every(isAligned)).toBe(false);
  });

  test("hold what they held, at the same addresses, and so do the sections", async () => {
    const bun = await bunAsItComes();
    const aligned = alignSegments(bun);
    const digest = ({ address, bytes }: Segment) => [address, Bun.hash(bytes)];
    // The first segment holds the headers, which tell of the gaps.
    const [before, after] = [segmentsOf(bun).slice(1), segmentsOf(aligned).slice(1)];
    expect(after.map(digest)).toEqual(before.map(digest));
    expect(sectionStarts(aligned).slice(1)).toEqual(sectionStarts(bun).slice(1));
    expect(aligned.length - bun.length).toBeLessThan(2 * HUGE_PAGE);
  });

  test("stay where they are once they are aligned", async () => {
    const aligned = alignSegments(await bunAsItComes());
    expect(alignSegments(aligned).length).toBe(aligned.length);
  });
});
