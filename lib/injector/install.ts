/** `install DIRECTORY`: this program into the volume that the application's containers mount. */
import { chmodSync, constants, copyFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, PiggyError } from "../error.ts";

const MODE = 0o555;

/**
 * Copies the program, whole or not at all.
 * @throws PiggyError `install_failed`
 */
export function install(program: string, directory: string): void {
  const target = join(directory, "piggy-env");
  const unfinished = `${target}.${process.pid}`;
  try {
    copyFileSync(program, unfinished, constants.COPYFILE_FICLONE);
    chmodSync(unfinished, MODE);
    renameSync(unfinished, target);
  } catch (cause) {
    discard(unfinished);
    throw new PiggyError("install_failed", `cannot install into ${directory}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function discard(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Where it could not be made; the first failure says more.
  }
}
