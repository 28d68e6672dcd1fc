/** A whole cluster of one real node, and a private registry that its images are pulled from. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NODE_ADDRESS } from "../../scripts/cluster/addresses.ts";
import { type Buildah, createBuildah } from "../../scripts/images/buildah.ts";
import type { Cluster } from "../apiserver/cluster.ts";
import { basicAuth, type RegistryServer, startRegistryServer } from "../registry-server/server.ts";
import type { Background } from "../support/background.ts";
import { compiledC } from "../support/programs.ts";
import type { Sandbox, Snapshotter } from "./containerd.ts";
import { type ControlPlaneOptions, startControlPlane } from "./control-plane.ts";
import { type KubeletOptions, type NodePlaces, startNode } from "./node.ts";
import { buildProgramImage } from "./program-image.ts";

/** Who may pull and push. */
const USER = "puller";
const PASSWORD = "s3cret";

/** A program that waits, in an image that the node has without pulling it. */
export const PAUSE_IMAGE = "sandbox.example.com/pause:1";

export interface OneNode extends NodePlaces {
  readonly cluster: Cluster;
  readonly registry: RegistryServer;
  readonly buildah: Buildah;
  /** The folder of buildah's images, by which another process has the same ones. */
  readonly store: string;
  /** A folder that goes when the node goes. */
  readonly directory: string;
  /** Pushes an image of buildah's; answers with what the node pulls it by. */
  push(name: string, repository: string): Promise<string>;
  /** What a Secret of type kubernetes.io/dockerconfigjson holds for the registry, and a file of it. */
  readonly dockerConfig: string;
  readonly authFile: string;
  stop(): Promise<void>;
}

/** Besides what is usual here. */
export interface OneNodeOptions extends ControlPlaneOptions {
  readonly snapshotter?: Snapshotter;
  readonly kubelet?: KubeletOptions;
}

export async function startOneNode({
  snapshotter = "native",
  kubelet = {},
  ...options
}: OneNodeOptions = {}): Promise<OneNode> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-one-node-"));
  const started: Background[] = [];
  let cluster: Cluster | undefined;
  let registry: RegistryServer | undefined;
  const stop = async () => {
    for (const each of started.reverse()) await each.stop();
    await cluster?.stop();
    await registry?.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    registry = await startRegistryServer(basicAuth({ [USER]: PASSWORD }), NODE_ADDRESS);
    const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
    const dockerConfig = JSON.stringify({ auths: { [registry.host]: { auth } } });
    const store = join(directory, "buildah");
    const buildah = await createBuildah(store);
    const sandbox = await buildSandbox(buildah, directory);
    cluster = await startControlPlane(started, options);
    const places = await startNode(cluster, { sandbox, registry, snapshotter, started, kubelet });
    const authFile = join(directory, "auth.json");
    await writeFile(authFile, dockerConfig);
    const push = pusher(buildah, registry, authFile);
    const images = { registry, buildah, store, ...places };
    return { cluster, ...images, directory, dockerConfig, authFile, push, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Nothing is pulled for it: a node without a Pod's credentials has none. */
async function buildSandbox(buildah: Buildah, directory: string): Promise<Sandbox> {
  const image = PAUSE_IMAGE;
  const archive = join(directory, "pause.tar");
  const source = fileURLToPath(new URL("pause.c", import.meta.url));
  await buildProgramImage(buildah, image, await compiledC(source, "pause"));
  await buildah.run("push", image, `docker-archive:${archive}:${image}`);
  return { image, archive };
}

function pusher(buildah: Buildah, registry: RegistryServer, authFile: string): OneNode["push"] {
  return async (name, repository) => {
    const image = `${registry.host}/${repository}`;
    const options = ["--authfile", authFile, "--cert-dir", registry.certificates];
    await buildah.run("push", ...options, name, `docker://${image}`);
    return image;
  };
}
