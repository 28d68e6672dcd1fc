/** piggy-webhooks as an operator has it: the chart, installed by Helm, of images that the registry serves. */

import type { TokenIssuer } from "../../demo/demos.ts";
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { NODE_ADDRESS } from "../../scripts/cluster/addresses.ts";
import { buildImage, IMAGES, pushImage } from "../../scripts/images/images.ts";
import { ISSUER } from "../apiserver/cluster.ts";
import { add } from "../apiserver/objects.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { REGION } from "../support/world.ts";
import { CHART, createHelm, type Helm } from "./helm.ts";
import { type OneNode, PAUSE_IMAGE } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, eventsIn } from "./pods.ts";

export const RELEASE = "piggy-webhooks";
/** Its namespace is called as it is. */
export const OWN_NAMESPACE = RELEASE;
export const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" } as const;

const ROLE = "arn:aws:iam::111122223333:role/piggy-webhooks";
const TAG = "tested";

/** What it is installed with, besides what nobody looks at. */
export interface ChartValues {
  readonly env: Readonly<Record<string, string>>;
  readonly mutate?: object;
}

export interface ChartInstallation {
  readonly helm: Helm;
  readonly aws: AwsFake;
  /** Whose tokens AWS takes. */
  readonly issuer: TokenIssuer;
  /** As a command of Helm's names it. */
  readonly chart: readonly string[];
  readonly values: ChartValues;
  stop(): Promise<void>;
}

/** What is installed. */
export interface Shipment {
  /** The chart, as a command of Helm's names it. */
  readonly chart: readonly string[];
  /** What values say of its images. */
  readonly values: Pick<ChartValues, "mutate">;
}

/** What is to be installed, and where. */
export interface Wanted {
  /** What values have in `env`, besides what belongs to its place. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Besides and instead of those that belong to its place. */
  readonly values?: object;
  /** Labels of its namespace: the Pod Security Standard that it has to meet. */
  readonly standard?: Readonly<Record<string, string>>;
  /** Makes what is installed available to the node; by default the chart's folder, and images of its own tag. */
  readonly ship?: (node: OneNode, helm: Helm) => Promise<Shipment>;
}

/** Installs it, and returns when Helm says that it is there. */
export async function installChart(node: OneNode, wanted: Wanted = {}): Promise<ChartInstallation> {
  const installation = await prepareChart(node, wanted);
  try {
    await runHelm(node, installation, "install", installation.chart, installation.values);
    return installation;
  } catch (error) {
    await installation.stop();
    throw error;
  }
}

/** Runs one of Helm's commands that take a chart, and waits until what it made is there. @returns what it said @throws Error with the events there */
export async function runHelm(
  node: OneNode,
  { helm }: ChartInstallation,
  command: "install" | "upgrade",
  chart: readonly string[],
  values: object,
): Promise<string> {
  const options = ["--namespace", OWN_NAMESPACE, "--values", await helm.values(values)];
  // Helm says no more than that it has waited.
  const done = helm.run(command, RELEASE, ...chart, ...options, "--wait", "--timeout", "3m");
  return done.catch(async (error) => {
    throw new Error(`${error}\n${await eventsIn(node.cluster, OWN_NAMESPACE)}`);
  });
}

/** Everything that it needs to be installed, in the cluster and around it. */
export async function prepareChart(
  node: OneNode,
  { environment = {}, values = {}, standard = RESTRICTED, ship = shipTested }: Wanted = {},
): Promise<ChartInstallation> {
  const aws = await startAws({ hostname: NODE_ADDRESS });
  try {
    const issuer = {
      issuer: ISSUER,
      jwks: async () => JSON.parse(await node.cluster.admin.text("/openid/v1/jwks")),
    };
    const subject = `system:serviceaccount:${OWN_NAMESPACE}:${RELEASE}`;
    aws.addRole(ROLE, { ...issuer, audience: "sts.amazonaws.com", subject });
    const helm = await createHelm(node.cluster);
    const shipment = await ship(node, helm);
    await addLiveNamespace(node.cluster, OWN_NAMESPACE, standard);
    await addPullSecret(node.cluster, OWN_NAMESPACE, node.dockerConfig);
    await addRegistryCa(node);
    const all = { ...shipment.values, ...valuesOf(aws, environment), ...values };
    return { helm, aws, issuer, chart: shipment.chart, values: all, stop: aws.stop };
  } catch (error) {
    await aws.stop();
    throw error;
  }
}

async function shipTested({ buildah, registry, authFile }: OneNode): Promise<Shipment> {
  const context = imageContext();
  const options = ["--authfile", authFile, "--cert-dir", registry.certificates];
  for (const name of IMAGES) {
    await buildImage(buildah, name, [ownArchitecture], context);
    await pushImage(buildah, name, `docker://${registry.host}/piggysec/${name}:${TAG}`, options);
  }
  const image = (name: string) => ({ repository: `${registry.host}/piggysec/${name}`, tag: TAG });
  const values = { image: image("piggy-webhooks"), mutate: { image: image("piggy-env") } };
  return { chart: [CHART], values };
}

/** The folder that holds dist/ with what the images of this machine's architecture are made of. */
export function imageContext(): string {
  const context = process.env["PIGGY_IMAGE_CONTEXT"];
  if (context === undefined)
    throw new Error("PIGGY_IMAGE_CONTEXT is not set: npm run test:cluster does that");
  return context;
}

/** By which the webhook verifies the registry: the values that mount it. */
export const REGISTRY_CA = {
  volumes: [{ name: "registry-ca", configMap: { name: "registry-ca" } }],
  volumeMounts: [{ name: "registry-ca", mountPath: "/registry", readOnly: true }],
} as const;

async function addRegistryCa({ cluster, registry }: OneNode): Promise<void> {
  await add(cluster, `/api/v1/namespaces/${OWN_NAMESPACE}/configmaps`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "registry-ca" },
    data: { "ca.crt": registry.authority.pem },
  });
}

function valuesOf(aws: AwsFake, environment: ChartValues["env"]) {
  return {
    imagePullSecrets: [{ name: "registry" }],
    aws: { roleArn: ROLE },
    prePull: { enabled: true, pauseImage: PAUSE_IMAGE },
    // Were its own Pods sent to it, they would be looked at: without it none of them would ever start.
    podAnnotations: { "piggysec.com/aws-secret-name": "none" },
    env: {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: aws.url,
      PIGGY_REGISTRY_CA_FILE: "/registry/ca.crt",
      PIGGY_DELIVERY_SETTLE: "0s",
      // Each demo has fresh values, and some the same secret.
      PIGGY_CACHE_TTL: "0s",
      ...environment,
    },
    ...REGISTRY_CA,
  };
}
