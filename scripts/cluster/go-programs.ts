/**
 * Programs of other projects, built from their Go modules. A folder beside this file is a module that names them as
 * tools, or, where a project's module has none, puts one together from its packages; its go.sum holds everything that
 * they are made of against its checksum. To change a version, edit its go.mod and run `go mod tidy` there.
 */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, run } from "../bundle/cache.ts";

export interface GoPrograms {
  /** What the folder that they are kept in is called. */
  readonly name: string;
  /** The folder beside this file with their go.mod. */
  readonly folder:
    | "kubernetes"
    | "containerd"
    | "network"
    | "helm"
    | "kubeconform"
    | "oras"
    | "hcl"
    | "cert-manager";
  /** The module that their version is that of. */
  readonly module: string;
  readonly packages: readonly string[];
  /** A folder of that module whose files are kept beside the programs, in one of its name. */
  readonly files?: string;
  /** For the linker, besides the ones that leave out what only a debugger needs. */
  readonly stamps?: (versionOf: (module: string) => string) => Readonly<Record<string, string>>;
}

/** The folder that they are in, each named as its package; the first time on a machine takes minutes. @throws Error that says what is missing */
export async function goPrograms(wanted: GoPrograms): Promise<string> {
  const directory = fileURLToPath(new URL(wanted.folder, import.meta.url));
  const modules = await Bun.file(join(directory, "go.mod")).text();
  const versionOf = (module: string) => versionIn(modules, module);
  const version = versionOf(wanted.module);
  const key = [
    wanted.name,
    version,
    await goVersion(directory, wanted.name),
    ...(await ownSource(directory)),
  ];
  return cached(key.join("-"), async (work) => {
    console.error(`piggy: building ${wanted.name} ${version} from its Go modules, which takes some minutes`);
    const stamped = Object.entries(wanted.stamps?.(versionOf) ?? {}).flatMap(([variable, value]) => [
      "-X",
      `${variable}=${value}`,
    ]);
    // Two packages at once: the linker of an API server takes 2 GB.
    const options = ["-p", "2", "-mod=readonly", "-trimpath", "-buildvcs=false"];
    const flags = ["-ldflags", ["-s", "-w", ...stamped].join(" ")];
    const command = ["go", "build", ...options, ...flags, "-o", `${work}/`, ...wanted.packages];
    await run(["env", "CGO_ENABLED=0", ...command], directory);
    if (wanted.files !== undefined) await copyFiles(directory, wanted.module, wanted.files, work);
  });
}

/** A digest of the source in the folder and of what it is made with; none where it only names tools. */
async function ownSource(directory: string): Promise<readonly string[]> {
  const files = [...new Bun.Glob("{*.go,go.mod,go.sum}").scanSync(directory)].sort();
  if (!files.some((file) => file.endsWith(".go"))) return [];
  const hash = new Bun.CryptoHasher("sha256");
  for (const file of files) hash.update(`${file}\0`).update(await Bun.file(join(directory, file)).bytes());
  return [hash.digest("hex").slice(0, 16)];
}

/** Their text alone, for what is in the cache of Go's modules may not be changed. */
async function copyFiles(directory: string, module: string, folder: string, work: string): Promise<void> {
  const root = (await run(["go", "list", "-m", "-f", "{{.Dir}}", module], directory)).trim();
  for (const name of await readdir(join(root, folder)))
    await Bun.write(join(work, basename(folder), name), await Bun.file(join(root, folder, name)).text());
}

/** @throws Error when go.mod does not require it */
function versionIn(modules: string, module: string): string {
  const line = modules.split("\n").find((each) => each.trim().startsWith(`${module} v`));
  const version = line?.trim().split(" ")[1];
  if (version === undefined) throw new Error(`go.mod does not name ${module}`);
  return version;
}

/** Of the Go that the module is built by, which may be another than the one that is first started. */
async function goVersion(directory: string, what: string): Promise<string> {
  if (Bun.which("go") === null) {
    throw new Error(
      `go is not here, which builds ${what}: install Go 1.26 or later, or an older one that may fetch it ` +
        "(GOTOOLCHAIN=auto)",
    );
  }
  return (await run(["go", "env", "GOVERSION"], directory)).trim();
}
