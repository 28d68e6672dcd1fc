/**
 * Programs of Kubernetes, built from its Go modules. kubernetes/go.mod names the version and the programs, go.sum holds
 * every module that they are made of against its checksum; a program joins by a `tool` line and `go mod tidy`.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, run } from "../bundle/cache.ts";

const MODULE = fileURLToPath(new URL("kubernetes", import.meta.url));
const VERSION_PACKAGE = "k8s.io/component-base/version";

export type KubernetesProgram = "kube-apiserver";

/** The program's path; the first time on a machine takes minutes. @throws Error that says what is missing */
export async function kubernetesProgram(name: KubernetesProgram): Promise<string> {
  const version = await kubernetesVersion();
  const folder = await cached(`${name}-${version}-${await goVersion()}`, async (work) => {
    console.error(`piggy: building ${name} ${version} from its Go modules, which takes some minutes`);
    await build(name, version, join(work, name));
  });
  return join(folder, name);
}

/** Two packages at once: the linker of an API server takes 2 GB. */
async function build(name: KubernetesProgram, version: string, to: string): Promise<void> {
  const options = ["-p", "2", "-mod=readonly", "-trimpath", "-buildvcs=false"];
  const source = `k8s.io/kubernetes/cmd/${name}`;
  const command = ["go", "build", ...options, "-ldflags", linkerFlags(version), "-o", to, source];
  await run(["env", "CGO_ENABLED=0", ...command], MODULE);
}

/** A build stamps its version into the program; from modules alone nothing else would. */
function linkerFlags(version: string): string {
  const [major, minor] = version.slice(1).split(".");
  const stamps = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
  };
  const stamped = Object.entries(stamps).flatMap(([name, value]) => [
    "-X",
    `${VERSION_PACKAGE}.${name}=${value}`,
  ]);
  return ["-s", "-w", ...stamped].join(" ");
}

async function kubernetesVersion(): Promise<string> {
  const version = /^\s*k8s\.io\/kubernetes (v\S+)/m.exec(await Bun.file(join(MODULE, "go.mod")).text())?.[1];
  if (version === undefined) throw new Error(`${MODULE}/go.mod does not name k8s.io/kubernetes`);
  return version;
}

/** Of the Go that the module is built by, which may be another than the one that is first started. */
async function goVersion(): Promise<string> {
  if (Bun.which("go") === null) {
    throw new Error(
      "go is not here, which builds the API server: install Go 1.26 or later, or an older one that may fetch it " +
        "(GOTOOLCHAIN=auto)",
    );
  }
  return (await run(["go", "env", "GOVERSION"], MODULE)).trim();
}
