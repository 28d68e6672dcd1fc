/** Every program that the bench starts, built from its source; vals apart. */
import { chmod, copyFile, mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { cached, run } from "../../scripts/bundle/cache.ts";
import { compileLauncher } from "../../scripts/bundle/launcher.ts";
import { compiledC, piggyEnv } from "../../test/support/programs.ts";
import { goProgram, goVersion, moduleVersion, requireGo, withoutC } from "../go-program.ts";

const VALS = "v0.46.1";
const PEER = "peers/go";
const SOURCES = fileURLToPath(new URL("../programs", import.meta.url));

/** Paths. */
export interface Programs {
  readonly target: string;
  readonly run: string;
  readonly relay: string;
  readonly resolver: string;
  readonly enclosed: string;
  readonly piggyEnv: string;
  /** The launcher of a folder whose injector is the target. */
  readonly launcherOfTarget: string;
  readonly peer: string;
}

/** @throws Error that says what is missing */
export async function buildPrograms(directory: string): Promise<Programs> {
  requireGo();
  const ofBench = (name: string) => compiledC(join(SOURCES, `${name}.c`), `bench-${name}`);
  const target = await ofBench("target");
  return {
    target,
    run: await ofBench("run"),
    relay: await ofBench("relay"),
    resolver: await ofBench("resolver"),
    enclosed: await ofBench("enclosed"),
    piggyEnv: await installed(await piggyEnv(), directory),
    launcherOfTarget: await launcherOf(target, directory),
    peer: await goProgram(PEER),
  };
}

/** As a container has it: how a file was written decides how many page faults each start takes. */
async function installed(program: string, directory: string): Promise<string> {
  const folder = await mkdtemp(join(directory, "piggy-env-"));
  await run([program, "install", folder], directory);
  return join(folder, "piggy-env");
}

async function launcherOf(target: string, directory: string): Promise<string> {
  const folder = await mkdtemp(join(directory, "launcher-"));
  const launcher = join(folder, "piggy-env");
  await mkdir(join(folder, "lib"));
  await compileLauncher(ownArchitecture, launcher);
  await copyFile(target, join(folder, "lib/injector"));
  // The launcher opens a loader, and the target asks for none.
  await copyFile(target, join(folder, "lib/ld.so"));
  await chmod(join(folder, "lib/injector"), 0o555);
  return launcher;
}

/** Some hundred packages of every cloud: it takes minutes where it was not built before. */
export async function buildVals(): Promise<string> {
  const folder = await cached(`bench-vals-${VALS}`, (work) =>
    withoutC(
      [
        "env",
        `GOBIN=${work}`,
        "go",
        "install",
        "-ldflags",
        "-s -w",
        `github.com/helmfile/vals/cmd/vals@${VALS}`,
      ],
      work,
    ),
  );
  return join(folder, "vals");
}

export async function versions(): Promise<Readonly<Record<string, string>>> {
  const sdk = await moduleVersion(PEER, "github.com/aws/aws-sdk-go-v2/service/secretsmanager");
  return {
    bun: Bun.version,
    go: await goVersion(),
    "AWS SDK for Go v2, secretsmanager": sdk,
    vals: VALS,
  };
}

/** Bytes of what a container has to have. */
export async function fileSizes(
  { piggyEnv, peer }: Programs,
  vals: string,
): Promise<Readonly<Record<string, number>>> {
  const folder = join(piggyEnv, "..");
  const ours = [...new Bun.Glob("**").scanSync(folder)].map((file) => Bun.file(join(folder, file)).size);
  return {
    "piggy-env": ours.reduce((sum, size) => sum + size, 0),
    Go: Bun.file(peer).size,
    vals: Bun.file(vals).size,
  };
}
