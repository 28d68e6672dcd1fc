/**
 * A container's root for arm64, in a user namespace of its own whose kernel starts programs for arm64 by the emulator:
 * the machine's own list of such formats stays as it is, and root is not needed.
 */
import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setInterpreter } from "../../scripts/bundle/interpreter.ts";
import { arm64Emulator } from "../../scripts/bundle/qemu.ts";
import { type Ended, runPlainly } from "../support/run-plainly.ts";
import { type Arm64Programs, FIXTURES } from "./programs.ts";

/** What an ELF file for arm64 begins with, and which of its bits matter. Source: QEMU, scripts/qemu-binfmt-conf.sh. */
const MAGIC = "7f454c460201010000000000000000000200b700";
const MASK = "ffffffffffffff00fffffffffffffffffeffffff";

/** For printf: the kernel reads each byte as \xNN. P keeps argv[0], O hands over the open program, F opens the emulator now. */
const escaped = (hex: string) => hex.replace(/../g, "\\\\x$&");
const FORMAT = `:arm64:M::${escaped(MAGIC)}:${escaped(MASK)}:%s:POCF`;

const REGISTER = 'mount -t binfmt_misc none "$1/formats"; printf "$2" "$3" >"$1/formats/register"';
const ENTER = 'mount --rbind /proc "$1/proc"; root=$1; shift 3; exec env -i "$@"';

const inOwnNamespaces = (script: string, parameters: readonly string[]) => [
  ...["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private"],
  ...["/bin/sh", "-euc", script, "sh", ...parameters],
];

/** Why this kernel starts no programs for arm64; undefined where it does. Without it, what needs it is passed over. */
export const noContainers = whyNoContainers();

function whyNoContainers(): string | undefined {
  const { success, stderr } = Bun.spawnSync(
    inOwnNamespaces("mount -t tmpfs none /mnt; mkdir /mnt/x; mount -t binfmt_misc none /mnt/x", []),
  );
  return success ? undefined : `binfmt_misc cannot be had in a user namespace: ${stderr.toString().trim()}`;
}

export interface Container {
  /** Runs a command of the root, with exactly this environment; paths are the root's. */
  run(command: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Writes a file into the root. */
  write(name: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

/** A root that holds the bundle in /piggy, the fixtures, and nothing else. */
export async function makeContainer({ folder, bundle }: Arm64Programs): Promise<Container> {
  const emulator = await arm64Emulator();
  const root = join(folder, "root");
  for (const name of ["formats", "proc"]) await mkdir(join(root, name), { recursive: true });
  await cp(bundle, join(root, "piggy"), { recursive: true });
  await nameLoader(join(root, "piggy/lib/injector"));
  for (const name of FIXTURES) await copyFile(join(folder, name), join(root, name));
  return {
    run: (command, environment = {}) => {
      const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
      const script = `${REGISTER}; ${ENTER}`;
      // By its path: what is in the environment is the program's, and PATH may not be.
      const enter = [...variables, "/usr/sbin/chroot", root, ...command];
      return runPlainly(inOwnNamespaces(script, [root, FORMAT, emulator, ...enter]), {
        PATH: process.env["PATH"] ?? "",
      });
    },
    write: (name, text) => writeFile(join(root, name), text),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * A kernel opens a program's loader before it closes what is marked close-on-exec. Here it starts the emulator, which
 * looks for the loader once descriptor 250 is closed: so the loader is named by its path. It is all that differs from
 * what is shipped, and the same on amd64, where every test starts the bundle by its descriptor.
 */
async function nameLoader(injector: string): Promise<void> {
  const program = await readFile(injector);
  setInterpreter(program, "/piggy/lib/ld.so");
  await rm(injector);
  await writeFile(injector, program, { mode: 0o555 });
}
