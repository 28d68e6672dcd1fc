import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Container } from "../kubernetes/pod.ts";
import type { KubernetesFake, StoredPod } from "../kubernetes.ts";
import { containerArgv } from "./argv.ts";
import { ContainerError } from "./container-error.ts";
import { decodedData } from "./data.ts";
import { containerEnvironment, type Sources } from "./environment.ts";
import { podField } from "./fields.ts";
import { type PathMap, toHostEnvironment, toHostPath } from "./host-paths.ts";

export interface HostImage {
  /** The host's file that stands for the first element of `entrypoint`, where that is an absolute path. */
  readonly program: string;
  /** In-container path to host path; `/` is the root that an image volume mounts. */
  readonly paths?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: `program` itself. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
}

export interface PodContext {
  readonly pod: StoredPod;
  readonly kubernetes: KubernetesFake;
  readonly images: Readonly<Record<string, HostImage>>;
  readonly services: ReadonlyMap<string, string>;
  /** The Pod's scratch folder on the host. */
  readonly directory: string;
  /** Name to host folder. */
  readonly volumes: ReadonlyMap<string, string>;
}

export interface PreparedContainer {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Everything that the container's process is started with, in the host's paths. Throws a ContainerError. */
export async function prepareContainer(
  container: Container,
  context: PodContext,
): Promise<PreparedContainer> {
  const image = context.images[container.image ?? ""];
  if (image === undefined) throw new ContainerError("ErrImagePull", `no image "${container.image}"`);
  const { entrypoint = [image.program], cmd = [] } = image;
  const environment = containerEnvironment(container, sourcesOf(context));
  const argv = containerArgv(container, { entrypoint, cmd }, environment);
  const paths = new Map([...imagePaths(image, entrypoint), ...(await mountPaths(container, context))]);
  // ENV of the image is the runtime's to add: the kubelet never sees it, so nothing was expanded from it.
  const complete = new Map([...Object.entries(image.env ?? {}), ...environment]);
  return {
    argv: argv.map((element) => toHostPath(element, paths)),
    environment: toHostEnvironment(complete, paths),
    cwd: await workingDirectory(container, paths, context.directory),
  };
}

function sourcesOf({ pod, kubernetes, services }: PodContext): Sources {
  return {
    services,
    field: (path) => podField(pod, path),
    data(kind, name) {
      const data = decodedData(kubernetes, kind, pod.metadata.namespace, name);
      return data && new Map([...data].map(([key, bytes]) => [key, Buffer.from(bytes).toString("utf8")]));
    },
  };
}

function imagePaths({ program, paths = {} }: HostImage, [first = ""]: readonly string[]): PathMap {
  return new Map([...Object.entries(paths), ...(first.startsWith("/") ? ([[first, program]] as const) : [])]);
}

async function mountPaths(container: Container, { volumes }: PodContext): Promise<PathMap> {
  const paths = new Map<string, string>();
  for (const { name, mountPath, subPath = "" } of container.volumeMounts ?? []) {
    const volume = volumes.get(name);
    if (volume === undefined) throw new ContainerError("CreateContainerConfigError", `no volume "${name}"`);
    const host = join(volume, subPath);
    if (!existsSync(host)) await mkdir(host, { recursive: true });
    paths.set(mountPath.replace(/(?<=.)\/+$/, ""), host);
  }
  return paths;
}

async function workingDirectory(
  { name, workingDir }: Container,
  paths: PathMap,
  directory: string,
): Promise<string> {
  if (workingDir) return toHostPath(workingDir, paths);
  const scratch = join(directory, "containers", name);
  await mkdir(scratch, { recursive: true });
  return scratch;
}
