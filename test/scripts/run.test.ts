/** What a run of tests leaves on the machine: nothing, as those who run them often have no room for it. */
import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const RUN = fileURLToPath(new URL("../../scripts/run.mjs", import.meta.url));

const LEAVES_A_FOLDER = `
import { expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
test("leaves a folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "left-"));
  writeFileSync(join(folder, "file"), "left");
  console.log(folder);
});
test("fails", () => expect(1).toBe(2));
`;

test("what tests leave among the temporary files goes with the run", async () => {
  const folder = await mkdtemp(join(tmpdir(), "piggy-run-"));
  try {
    const temporary = join(folder, "temporary");
    await mkdir(temporary);
    const file = join(folder, "leaves.test.ts");
    await writeFile(file, LEAVES_A_FOLDER);
    const child = Bun.spawn(["node", RUN, "test", file], {
      env: { ...process.env, TMPDIR: temporary },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    const [output, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
    expect(exitCode).toBe(1);
    expect(output).toContain(join(temporary, "piggy-"));
    expect(await readdir(temporary)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
