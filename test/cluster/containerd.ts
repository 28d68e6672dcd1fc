/** What runs a node's containers, with a network for them and the sandbox image, and nothing of the machine's. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../scripts/bundle/cache.ts";
import { POD_NETWORK } from "../../scripts/cluster/addresses.ts";
import { containerdPrograms, networkPlugins } from "../../scripts/cluster/containerd.ts";
import { debianProgram } from "../../scripts/cluster/debian-programs.ts";
import { type Background, startBackground } from "../support/background.ts";

export const SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

export interface Containerd {
  readonly socket: string;
  readonly program: Background;
}

export interface Sandbox {
  /** Its name, and the archive that holds it. */
  readonly image: string;
  readonly archive: string;
}

/**
 * What an image's files become a container's root by. `native` copies them, for each container and for each image that
 * is a volume, and needs nothing of the file system that the machine has; `overlayfs`, which real nodes have, copies
 * nothing, and cannot be where that is an overlay itself.
 */
export type Snapshotter = "native" | "overlayfs";

/** A registry that containers' images are pulled from, and a file of the CA that it is verified by. */
export interface PulledFrom {
  readonly host: string;
  readonly caFile: string;
}

export async function startContainerd(
  directory: string,
  sandbox: Sandbox,
  registry: PulledFrom,
  snapshotter: Snapshotter,
): Promise<Containerd> {
  const programs = await containerdPrograms();
  const file = (name: string) => join(directory, name);
  await writeRegistry(file("registries"), registry);
  await mkdir(file("network"));
  await writeFile(file("network/10-node.conflist"), JSON.stringify(network(file("addresses"))));
  const configuration = await configure(directory, sandbox.image, snapshotter);
  await writeFile(file("containerd.toml"), configuration);
  const environment = { PATH: `${programs}:${SYSTEM_PATH}` };
  const command = [join(programs, "containerd"), "--config", file("containerd.toml")];
  const program = startBackground("containerd", command, directory, environment);
  const socket = file("containerd.sock");
  try {
    await program.ready(async () => (await ask(socket, "version")) !== "");
    await loadImage(socket, snapshotter, sandbox.archive);
    return { socket, program };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

/** Gives a node the image of an archive as if it had pulled it. @throws Error with what was wrong */
export async function loadImage(socket: string, snapshotter: Snapshotter, archive: string): Promise<void> {
  await ask(socket, "images", "import", "--local", "--snapshotter", snapshotter, archive);
}

async function ask(socket: string, ...command: readonly string[]): Promise<string> {
  const program = join(await containerdPrograms(), "ctr");
  return run([program, "--address", socket, "--namespace", "k8s.io", ...command]);
}

/** Source: containerd's documentation, "CRI Plugin Config Guide". */
async function configure(directory: string, sandboxImage: string, snapshotter: Snapshotter): Promise<string> {
  const file = (name: string) => JSON.stringify(join(directory, name));
  return `
version = 3
root = ${file("containerd")}
state = ${file("containerd-state")}
[grpc]
  address = ${file("containerd.sock")}
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "${snapshotter}"
  use_local_image_pull = true
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = ${JSON.stringify(sandboxImage)}
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = ${file("registries")}
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "crun"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.crun]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.crun.options]
        BinaryName = ${JSON.stringify(await writeRuntime(directory))}
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [${JSON.stringify(await networkPlugins())}]
    conf_dir = ${file("network")}
`;
}

/**
 * A crun that takes the bundles of a newer containerd, which differ from those that it knows by their version alone;
 * and a control group for the containers that is found again, as containerd names one by itself.
 */
async function writeRuntime(directory: string): Promise<string> {
  const { root, libraryPath } = await debianProgram("crun");
  const group = process.env["PIGGY_CLUSTER_GROUP"] ?? "";
  const edits = [
    's/"ociVersion":"[^"]*"/"ociVersion":"1.0.2"/',
    `s|"cgroupsPath":"/*|"cgroupsPath":"${group}/|`,
  ];
  const file = join(directory, "crun");
  await writeFile(
    file,
    `#!/bin/sh
before=
for argument in "$@"; do
	case $before in -b | --bundle) sed -i ${edits.map((edit) => `-e '${edit}'`).join(" ")} "$argument/config.json" ;; esac
	before=$argument
done
LD_LIBRARY_PATH=${libraryPath} exec ${join(root, "usr/bin/crun")} "$@"
`,
  );
  await chmod(file, 0o755);
  return file;
}

async function writeRegistry(folder: string, { host, caFile }: PulledFrom): Promise<void> {
  const own = join(folder, host);
  await mkdir(own, { recursive: true });
  const server = JSON.stringify(`https://${host}`);
  await writeFile(
    join(own, "hosts.toml"),
    `server = ${server}\n[host.${server}]\n  ca = ${JSON.stringify(caFile)}\n`,
  );
}

/** Source: the CNI plugins' documentation, "bridge" and "host-local". */
function network(addresses: string): object {
  const ipam = {
    type: "host-local",
    dataDir: addresses,
    ranges: [[{ subnet: POD_NETWORK }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const bridge = { type: "bridge", bridge: "pods", isGateway: true, hairpinMode: true, ipam };
  return { cniVersion: "0.4.0", name: "node", plugins: [bridge] };
}
