/** Containers that go the whole way: admitted by piggy-webhooks, prepared by the kubelet, started by piggy-env. */
import type { ContainerRun } from "../fakes/kubelet.ts";
import type { StoredPod } from "../fakes/kubernetes.ts";
import { REGION, type World } from "../support/world.ts";
import { probe } from "./piggy-env.ts";

export const NAMESPACE = "demo";
export const ACCOUNT = "sample";
export const STRANGER = "stranger";
export const SECRET = `${NAMESPACE}/${ACCOUNT}`;

export interface ContainerManifest {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Behind the probe. */
  readonly args?: readonly string[];
  readonly serviceAccount?: string;
}

export interface StartedContainer extends ContainerRun {
  readonly pod: StoredPod;
}

/** The namespace's service accounts. */
export function addAccounts({ kubernetes }: World): void {
  for (const name of [ACCOUNT, STRANGER]) {
    kubernetes.add({ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace: NAMESPACE, name } });
  }
}

/** What the sample's secret holds from now on. */
export function putSecret({ aws }: World, values: Readonly<Record<string, unknown>>): void {
  aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify(values) });
}

/** Creates the Pod and runs its one container, the probe. @throws Error when the Pod is denied */
export async function startContainer(
  world: World,
  { annotations = {}, env = {}, args = [], serviceAccount = ACCOUNT }: ContainerManifest,
): Promise<StartedContainer> {
  const program = await probe();
  const creation = await world.kubernetes.createPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: NAMESPACE,
      generateName: "app-",
      annotations: { "piggysec.com/aws-secret-name": SECRET, ...annotations },
    },
    spec: {
      serviceAccountName: serviceAccount,
      containers: [
        {
          name: "main",
          image: "app",
          command: [program],
          args: [...args],
          env: Object.entries(env).map(([name, value]) => ({ name, value })),
        },
      ],
    },
  });
  if (!creation.allowed) throw new Error(creation.status.message);
  const kubelet = await world.kubelet({ app: { program } });
  const { containers, initContainers } = await kubelet.run(creation.pod);
  const [container] = containers;
  if (container === undefined)
    throw new Error(`the install container failed: ${JSON.stringify(initContainers)}`);
  return { ...container, pod: creation.pod };
}
