/** Files that a kernel may or may not take for programs, each made in a folder of its own by a name. */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseElf } from "../launcher/elf.ts";

/** What a test of them writes; `directory` holds what several of them need: `static`, and `true`, a dynamic program. */
export type Content = string | Buffer | ((directory: string) => Promise<string | Buffer>);

export interface Candidate {
  readonly content: Content;
  /** What the line says of it, where it is refused. */
  readonly says?: string;
}

const OTHER_MACHINE = process.arch === "arm64" ? 62 : 183;

const program = (directory: string) => readFile(join(directory, "static"));
const dynamic = (directory: string) => readFile(join(directory, "true"));

/** A static program with a field of its ELF header changed. */
const withField = (at: number, value: number) => async (directory: string) => {
  const file = await program(directory);
  file.writeUInt16LE(value, at);
  return file;
};

/** The dynamic program with another loader in place of its own, which must be longer. */
const withLoader = (change: (own: string) => string) => async (directory: string) => {
  const file = await dynamic(directory);
  const own = parseElf(file).interpreter ?? "";
  const at = file.indexOf(`${own}\0`, 0, "latin1");
  file.write(change(own).padEnd(own.length, "\0"), at, "latin1");
  return file;
};

/** A line of this many bytes, the interpreter's name with slashes in front to fill it. */
const lineOf = (length: number, end = "\n") => `#!${"/".repeat(length - 9)}/bin/sh${end}`;

const SCRIPTS: Readonly<Record<string, Candidate>> = {
  "a script": { content: "#!/bin/sh\nexit 0\n" },
  "a script with blanks and an argument": { content: "#! \t /bin/sh \t-e  \nexit 0\n" },
  "a script without an end of line": { content: "#!/bin/true" },
  "a script whose line has a NUL byte": { content: "#!/bin/true\0/nowhere\n" },
  "a script whose interpreter is relative": { content: "#!./true\n" },
  "a script whose interpreter is a name alone": { content: "#!true\n" },
  "a line of 255 bytes": { content: `${lineOf(255)}exit 0\n` },
  "a line of 256 bytes": { content: `${lineOf(256)}exit 0\n`, says: "within 256 bytes" },
  "a line whose interpreter ends at 254 bytes": { content: `${lineOf(254, " ")}-e\n` },
  "a line whose interpreter ends at 255 bytes": { content: `${lineOf(255, " ")}-e\n` },
  "a line whose interpreter ends at 256 bytes": {
    content: `${lineOf(256, " ")}-e\n`,
    says: "within 256 bytes",
  },
  "a long line with a long argument": { content: `#!/bin/true ${"x".repeat(400)}\n` },
  "a line of 300 blanks": { content: `#!${" ".repeat(300)}/bin/sh\n`, says: "within 256 bytes" },
  "no interpreter": { content: "#!\n", says: "no interpreter" },
  "blanks for an interpreter": { content: "#! \t \n/bin/sh\n", says: "no interpreter" },
  "no interpreter and no end of line": { content: "#!", says: "no interpreter" },
  "a NUL byte for an interpreter": { content: "#!\0/bin/sh\n", says: "no interpreter" },
  "an interpreter that is not there": {
    content: "#!/nowhere/sh\n",
    says: '"/nowhere/sh", which is not there',
  },
  "an interpreter below a file": { content: "#!/etc/passwd/sh\n", says: "which is not there" },
  "an interpreter that is a folder": { content: "#!/tmp\n", says: '"/tmp", which is not an executable file' },
  "an interpreter that is not executable": { content: "#!/etc/passwd\n", says: "not an executable file" },
  "an interpreter that is a text": { content: "#!./text\n", says: 'its interpreter "./text" is no program' },
  "lines that end with CR LF": { content: "#!/bin/sh\r\nexit 0\r\n", says: "CR LF" },
  "the first of 4 scripts": { content: "#!./script3\n" },
  "the first of 5 scripts": { content: "#!./script4\n" },
  "the first of 6 scripts": { content: "#!./script5\n", says: "more than 5 scripts" },
  "a script that is its own interpreter": { content: "#!./file\n", says: "more than 5 scripts" },
};

const PROGRAMS: Readonly<Record<string, Candidate>> = {
  "a static program": { content: program },
  "a dynamic program": { content: dynamic },
  "an empty file": { content: "", says: "is empty" },
  "one byte": { content: "#", says: "no program" },
  "a text without an interpreter": { content: "echo a text\n", says: "no program" },
  "a text that begins with a blank": { content: " #!/bin/sh\n", says: "no program" },
  "a text that begins with a byte order mark": { content: "\ufeff#!/bin/sh\n", says: "no program" },
  "a program of another machine": { content: withField(18, OTHER_MACHINE), says: "and this machine is" },
  "a program of a machine that nobody has": { content: withField(18, 0xbeef), says: "48879" },
  "an object file": { content: withField(16, 1), says: "no program" },
  "a core dump": { content: withField(16, 4), says: "no program" },
  "a program without headers": { content: withField(56, 0), says: "not valid" },
  "a program with headers of another size": { content: withField(54, 48), says: "not valid" },
  "a program with more headers than can be": { content: withField(56, 1200), says: "not valid" },
  "four bytes of a program": {
    content: async (at) => (await program(at)).subarray(0, 4),
    says: "breaks off",
  },
  "a program's first header": {
    content: async (at) => (await program(at)).subarray(0, 64),
    says: "breaks off",
  },
  "half of a program's headers": {
    content: async (at) => (await program(at)).subarray(0, 200),
    says: "breaks off",
  },
  "a program whose loader is not there": {
    content: withLoader(() => "/lib/nowhere.so.1"),
    says: 'needs the loader "/lib/nowhere.so.1", which is not there',
  },
  "a program whose loader is not executable": {
    content: withLoader(() => "/etc/passwd"),
    says: "the loader",
  },
  "a program whose loader is a folder": { content: withLoader(() => "/tmp"), says: "the loader" },
  "a program whose loader's name has no end": {
    content: async (at) => {
      const file = await dynamic(at);
      const own = parseElf(file).interpreter ?? "";
      file.write("x", file.indexOf(`${own}\0`, 0, "latin1") + own.length, "latin1");
      return file;
    },
    says: "in no valid way",
  },
  "a program that breaks off in its loader's name": {
    content: async (at) => {
      const file = await dynamic(at);
      return file.subarray(0, file.indexOf(parseElf(file).interpreter ?? "", 0, "latin1") + 3);
    },
    says: "breaks off",
  },
};

export const CANDIDATES: readonly (readonly [what: string, candidate: Candidate])[] = [
  ...Object.entries(SCRIPTS),
  ...Object.entries(PROGRAMS),
];

/** What the candidates refer to; the folder is then the working directory. */
export async function furnish(directory: string, staticProgram: string): Promise<void> {
  const write = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o755 });
  await copyFile(staticProgram, join(directory, "static"));
  await copyFile("/bin/true", join(directory, "true"));
  await write("text", "a text\n");
  await write("script1", "#!./true\n");
  for (let depth = 2; depth <= 5; depth += 1) await write(`script${depth}`, `#!./script${depth - 1}\n`);
}
