/** Every program that the bench starts, built from its source. */
import { join } from "node:path";
import { compileProgram } from "../../scripts/compile.ts";
import { goProgram, goVersion, moduleVersion, requireGo } from "../go-program.ts";

const PEER = "peers/admission";

/** Paths. */
export interface Programs {
  readonly ours: string;
  readonly peer: string;
  readonly load: string;
}

/** @throws Error that says what is missing */
export async function buildPrograms(directory: string): Promise<Programs> {
  requireGo();
  const ours = join(directory, "piggy-webhooks");
  await compileProgram("server.ts", ours);
  return { ours, peer: await goProgram(PEER), load: await goProgram("load") };
}

export async function versions(): Promise<Readonly<Record<string, string>>> {
  return {
    bun: Bun.version,
    go: await goVersion(),
    "k8s.io/api": await moduleVersion(PEER, "k8s.io/api"),
    "gomodules.xyz/jsonpatch": await moduleVersion(PEER, "gomodules.xyz/jsonpatch/v2"),
  };
}
