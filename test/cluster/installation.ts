/** piggy-webhooks as an operator has it: the chart, installed by Helm, of images that the registry serves. */
import { ownArchitecture } from "../../scripts/bundle/architecture.ts";
import { NODE_ADDRESS } from "../../scripts/cluster/addresses.ts";
import { buildImage, IMAGES, pushImage } from "../../scripts/images/images.ts";
import { add } from "../apiserver/objects.ts";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { REGION } from "../support/world.ts";
import { CHART, createHelm, type Helm } from "./helm.ts";
import type { OneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, eventsIn } from "./pods.ts";

export const RELEASE = "piggy-webhooks";
/** Its namespace is called as it is. */
export const OWN_NAMESPACE = RELEASE;
export const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" } as const;

const WEBHOOK_KEY = { accessKeyId: "AKIAWEBHOOK000000000", secretAccessKey: "webhook-secret-access-key" };
const TAG = "tested";

export interface ChartInstallation {
  readonly helm: Helm;
  readonly aws: AwsFake;
  /** What it was installed with. */
  readonly values: object;
  stop(): Promise<void>;
}

/** Installs it, and returns when Helm says that it is there. */
export async function installChart(node: OneNode): Promise<ChartInstallation> {
  const aws = await startAws({ hostname: NODE_ADDRESS });
  try {
    aws.addUser(WEBHOOK_KEY);
    await pushImages(node);
    await addLiveNamespace(node.cluster, OWN_NAMESPACE, RESTRICTED);
    await addPullSecret(node.cluster, OWN_NAMESPACE, node.dockerConfig);
    await addCertificates(node);
    const helm = await createHelm(node.cluster);
    const values = valuesOf(node, aws);
    const options = ["--namespace", OWN_NAMESPACE, "--values", await helm.values(values)];
    await helm
      .run("install", RELEASE, CHART, ...options, "--wait", "--timeout", "3m")
      // Helm says no more than that it has waited.
      .catch(async (error) => {
        throw new Error(`${error}\n${await eventsIn(node.cluster, OWN_NAMESPACE)}`);
      });
    return { helm, aws, values, stop: aws.stop };
  } catch (error) {
    await aws.stop();
    throw error;
  }
}

async function pushImages({ buildah, registry, authFile }: OneNode): Promise<void> {
  const context = process.env["PIGGY_IMAGE_CONTEXT"];
  if (context === undefined)
    throw new Error("PIGGY_IMAGE_CONTEXT is not set: npm run test:cluster does that");
  const options = ["--authfile", authFile, "--cert-dir", registry.certificates];
  for (const name of IMAGES) {
    await buildImage(buildah, name, [ownArchitecture], context);
    await pushImage(buildah, name, `docker://${registry.host}/piggysec/${name}:${TAG}`, options);
  }
}

/** One for the webhook, and the CA that it verifies the registry by. */
async function addCertificates({ cluster, registry }: OneNode): Promise<void> {
  const authority = await createCertificateAuthority("piggy-webhooks-ca");
  const { cert, key } = await authority.issue({ names: [`${RELEASE}.${OWN_NAMESPACE}.svc`] });
  await add(cluster, `/api/v1/namespaces/${OWN_NAMESPACE}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "piggy-certificate" },
    stringData: { "tls.crt": cert, "tls.key": key, "ca.crt": authority.pem },
  });
  await add(cluster, `/api/v1/namespaces/${OWN_NAMESPACE}/configmaps`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "registry-ca" },
    data: { "ca.crt": registry.authority.pem },
  });
}

function valuesOf({ registry }: OneNode, aws: AwsFake): object {
  const image = (name: string) => ({ repository: `${registry.host}/piggysec/${name}`, tag: TAG });
  return {
    image: image("piggy-webhooks"),
    imagePullSecrets: [{ name: "registry" }],
    mutate: { image: image("piggy-env") },
    tls: { mode: "secret", secretName: "piggy-certificate" },
    // Were its own Pods sent to it, they would be looked at: without it none of them would ever start.
    podAnnotations: { "piggysec.com/aws-secret-name": "none" },
    env: {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: WEBHOOK_KEY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: WEBHOOK_KEY.secretAccessKey,
      PIGGY_REGISTRY_CA_FILE: "/registry/ca.crt",
      PIGGY_DELIVERY_SETTLE: "0s",
    },
    volumes: [{ name: "registry-ca", configMap: { name: "registry-ca" } }],
    volumeMounts: [{ name: "registry-ca", mountPath: "/registry", readOnly: true }],
  };
}
