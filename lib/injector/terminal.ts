/** Whoever started this, if they sit at a terminal. */

/** A terminal hands out no longer line. Source: termios(3), "Canonical and noncanonical mode". */
const LONGEST_LINE = 4096;

/**
 * The line that was given, without white space around it; undefined without a terminal. The terminal is the session's:
 * stdin and stdout are the application's, and may be files. What is typed is shown, for to hide it is to change
 * the terminal's mode, which would stay so after Ctrl-C.
 */
export async function askAtTerminal(question: string): Promise<string | undefined> {
  // An import, wherever it stood, would put more than a megabyte into the program, which every start pays for.
  const { open } = process.getBuiltinModule("node:fs/promises");
  const terminal = await open("/dev/tty", "r+").catch(() => undefined);
  if (terminal === undefined) return undefined;
  try {
    await terminal.write(question);
    // One read is one line: what is typed after it is the application's.
    const { buffer, bytesRead } = await terminal.read(Buffer.alloc(LONGEST_LINE), 0, LONGEST_LINE, null);
    return buffer.toString("utf8", 0, bytesRead).trim();
  } finally {
    await terminal.close();
  }
}
