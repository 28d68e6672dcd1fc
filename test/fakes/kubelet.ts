// A kubelet without a container engine: it starts the containers of a stored Pod as plain processes of this host.
// Environment, `$(VAR)`, argv, volumes and the order of init containers are as the real one has them. What a mount
// namespace would do, it cannot: a volume is a host folder, and an in-container path (of a mount or of an image)
// that begins an argv element or the value of a variable is rewritten to the host's, the longest first. A path
// elsewhere in a text, or built into a program, stays as it is. Neither limits, users nor restarts are imitated.
import { join } from "node:path";
import {
  type HostImage,
  type PodContext,
  type PreparedContainer,
  prepareContainer,
} from "./kubelet/container.ts";
import { ContainerError } from "./kubelet/container-error.ts";
import { type ProcessResult, runProcess } from "./kubelet/process.ts";
import { prepareVolume } from "./kubelet/volumes.ts";
import type { Container } from "./kubernetes/pod.ts";
import type { KubernetesFake, StoredPod } from "./kubernetes.ts";

export type { HostImage };

export interface KubeletOptions {
  readonly kubernetes: KubernetesFake;
  /** Scratch: the volumes and working folders of each Pod are made below it. */
  readonly directory: string;
  /** By the image's name as the Pod writes it. */
  readonly images: Readonly<Record<string, HostImage>>;
  /** Variables of Services; default those of the API server's own. */
  readonly serviceEnvironment?: Readonly<Record<string, string>>;
}

export interface ContainerRun extends ProcessResult {
  readonly name: string;
  /** As the process got them: with host paths. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Why there was no process, as the container's waiting reason and message would say; its exitCode is null. */
  readonly error?: string;
  /** Milliseconds of performance.now(). */
  readonly startedAt: number;
  readonly endedAt: number;
}

export type KubeletStep =
  | { readonly step: "volumes-ready"; readonly at: number }
  | {
      readonly step: "container-started";
      readonly at: number;
      readonly name: string;
      readonly argv: readonly string[];
    }
  | {
      readonly step: "container-ended";
      readonly at: number;
      readonly name: string;
      readonly run: ContainerRun;
    };

export interface RunOptions {
  readonly onStep?: (step: KubeletStep) => void;
  /** For each container, which is then killed. Default 30000. */
  readonly timeoutMs?: number;
}

export interface PodRun {
  readonly initContainers: readonly ContainerRun[];
  /** Empty when an init container failed. */
  readonly containers: readonly ContainerRun[];
}

export interface Kubelet {
  /** Every container is started once. Rejects when a volume cannot be mounted. */
  run(pod: StoredPod, options?: RunOptions): Promise<PodRun>;
}

export function startKubelet(options: KubeletOptions): Kubelet {
  return { run: (pod, runOptions = {}) => runPod(pod, options, runOptions) };
}

interface RunContext extends PodContext {
  readonly onStep: (step: KubeletStep) => void;
  readonly timeoutMs: number;
}

async function runPod(pod: StoredPod, options: KubeletOptions, run: RunOptions): Promise<PodRun> {
  const { kubernetes, images, serviceEnvironment = apiServerVariables(kubernetes) } = options;
  const { onStep = () => {}, timeoutMs = 30_000 } = run;
  const directory = join(options.directory, pod.metadata.uid);
  const services = new Map(Object.entries(serviceEnvironment));
  const volumes = await prepareVolumes(pod, options, directory);
  onStep({ step: "volumes-ready", at: performance.now() });
  const context = { pod, kubernetes, images, services, directory, volumes, onStep, timeoutMs };
  const initContainers: ContainerRun[] = [];
  for (const container of pod.spec.initContainers ?? []) {
    const result = await runContainer(container, context);
    initContainers.push(result);
    if (result.exitCode !== 0) return { initContainers, containers: [] };
  }
  const containers = await Promise.all(
    pod.spec.containers.map((container) => runContainer(container, context)),
  );
  return { initContainers, containers };
}

async function prepareVolumes(
  pod: StoredPod,
  { kubernetes, images }: KubeletOptions,
  directory: string,
): Promise<Map<string, string>> {
  const imageRoot = (reference: string) => {
    const root = images[reference]?.paths?.["/"];
    if (root === undefined) throw new Error(`ErrImagePull: no image "${reference}" with a path for "/"`);
    return root;
  };
  const prepared = (pod.spec.volumes ?? []).map(
    async (volume) =>
      [volume.name, await prepareVolume(volume, pod, kubernetes, directory, imageRoot)] as const,
  );
  return new Map(await Promise.all(prepared));
}

async function runContainer(container: Container, context: RunContext): Promise<ContainerRun> {
  const { onStep, timeoutMs } = context;
  const { name } = container;
  const startedAt = performance.now();
  let prepared: PreparedContainer = { argv: [], environment: {}, cwd: "" };
  let outcome: ProcessResult & { readonly error?: string };
  try {
    prepared = await prepareContainer(container, context);
    onStep({ step: "container-started", at: startedAt, name, argv: prepared.argv });
    outcome = await runProcess({ ...prepared, timeoutMs });
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error;
    outcome = { exitCode: null, signal: null, stdout: "", stderr: "", error: error.message };
  }
  const { argv, environment } = prepared;
  const run = { name, argv, environment, ...outcome, startedAt, endedAt: performance.now() };
  onStep({ step: "container-ended", at: run.endedAt, name, run });
  return run;
}

/** The Service `kubernetes` is the one whose variables every container has. */
function apiServerVariables({ host, port }: KubernetesFake): Record<string, string> {
  return {
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: String(port),
    KUBERNETES_SERVICE_PORT_HTTPS: String(port),
    KUBERNETES_PORT: `tcp://${host}:${port}`,
    [`KUBERNETES_PORT_${port}_TCP`]: `tcp://${host}:${port}`,
    [`KUBERNETES_PORT_${port}_TCP_PROTO`]: "tcp",
    [`KUBERNETES_PORT_${port}_TCP_PORT`]: String(port),
    [`KUBERNETES_PORT_${port}_TCP_ADDR`]: host,
  };
}
