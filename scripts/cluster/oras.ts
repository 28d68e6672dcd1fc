/** Copies artefacts between registries and folders as they are, by their digests, and attaches others to them. */
import { join } from "node:path";
import { goPrograms } from "./go-programs.ts";

const MODULE = "oras.land/oras";

/** The program's path. @throws Error that says what is missing */
export async function orasProgram(): Promise<string> {
  const packages = [`${MODULE}/cmd/oras`];
  return join(await goPrograms({ name: "oras", folder: "oras", module: MODULE, packages }), "oras");
}
