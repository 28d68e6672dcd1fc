/** Pods of a cluster that mounts images: nothing is copied into them, so that a test can start many. */
import type { ContainerRun, HostImage, Kubelet } from "../fakes/kubelet.ts";
import type { StoredPod } from "../fakes/kubernetes.ts";
import { startWorld, type World } from "../support/world.ts";
import { probe } from "./piggy-env.ts";

/** A Pod of one container. */
export interface Manifest {
  readonly metadata: {
    readonly namespace: string;
    readonly annotations: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly spec: object;
}

export type Admitted =
  | { readonly denied: string }
  | {
      readonly pod: StoredPod;
      /** Runs its container to the end. */
      run(): Promise<ContainerRun>;
    };

export interface MountingWorld extends World {
  /** What every image holds: the probe. */
  readonly program: string;
  admit(manifest: Manifest): Promise<Admitted>;
}

const BY_IMAGE = { "piggysec.com/piggy-delivery": "image" };

type Images = Readonly<Record<string, Omit<HostImage, "program">>>;

/** @param images by name, what they have besides the probe */
export async function startMountingWorld(images: Images = { app: {} }): Promise<MountingWorld> {
  const world = await startWorld({
    prepare: (kubernetes) => {
      kubernetes.version = { major: "1", minor: "35" };
    },
  });
  const program = await probe();
  const withProbe = Object.entries(images).map(([name, image]) => [name, { ...image, program }] as const);
  const kubelet = await world.kubelet(Object.fromEntries(withProbe));
  return { ...world, program, admit: (manifest) => admit(world, kubelet, manifest) };
}

async function admit({ kubernetes }: World, kubelet: Kubelet, manifest: Manifest): Promise<Admitted> {
  const { metadata, spec } = manifest;
  const annotations = { ...metadata.annotations, ...BY_IMAGE };
  const creation = await kubernetes.createPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, annotations },
    spec,
  });
  if (!creation.allowed) return { denied: creation.status.message ?? "" };
  const { pod } = creation;
  return {
    pod,
    async run() {
      const [run] = (await kubelet.run(pod)).containers;
      if (run === undefined) throw new Error("no container ran");
      return run;
    },
  };
}
