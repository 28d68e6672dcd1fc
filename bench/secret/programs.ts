/** Every program that the bench starts, built from its source. */
import { join } from "node:path";
import { compileProgram } from "../../scripts/compile.ts";
import { goProgram, goVersion, moduleVersion, requireGo } from "../go-program.ts";

const PEER = "peers/secret";
const SECRETS_MANAGER = "github.com/aws/aws-sdk-go-v2/service/secretsmanager";

/** Paths. */
export interface Programs {
  readonly ours: string;
  readonly peer: string;
  readonly load: string;
  readonly backend: string;
}

/** @throws Error that says what is missing */
export async function buildPrograms(directory: string): Promise<Programs> {
  requireGo();
  const ours = join(directory, "piggy-webhooks");
  await compileProgram("server.ts", ours);
  return {
    ours,
    peer: await goProgram(PEER),
    load: await goProgram("load"),
    backend: await goProgram("backend"),
  };
}

export async function versions(): Promise<Readonly<Record<string, string>>> {
  return {
    bun: Bun.version,
    go: await goVersion(),
    "aws-sdk-go-v2/service/secretsmanager": await moduleVersion(PEER, SECRETS_MANAGER),
  };
}
