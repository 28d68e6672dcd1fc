/** What programs of the repository print, as the pages show it. */
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs one of the repository's programs in an environment of its own. @throws Error with what it said when it fails */
export async function printedBy(argv: readonly string[], input = ""): Promise<string> {
  const { PATH, HOME } = process.env;
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: ROOT,
    env: { PATH, HOME, NO_COLOR: "1" },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}:\n${output}${errors}`);
  return output;
}
