/** piggy-webhooks as operators install it: in front of a real API server, with an identity and rights that one gave. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { object, string } from "../fakes/kubernetes/schema.ts";
import { freePort } from "../support/free-port.ts";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { PIGGY_ENV_IMAGE, REGION } from "../support/world.ts";
import type { Cluster } from "./cluster.ts";
import { add, addNamespace, eventually } from "./objects.ts";

const NAMESPACE = "piggy-webhooks";
const ACCOUNT = "piggy-webhooks";
const WEBHOOK_KEY = { accessKeyId: "AKIAWEBHOOK000000000", secretAccessKey: "webhook-secret-access-key" };
const RIGHTS = [
  { apiGroups: [""], resources: ["secrets", "configmaps", "serviceaccounts", "pods"], verbs: ["get"] },
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create"] },
];
const PODS = { apiGroups: [""], apiVersions: ["v1"], scope: "Namespaced" };

/** The label of the namespaces whose Pods are sent to the webhook. */
export const INJECTED = { "piggy-injection": "enabled" } as const;

export interface Installation {
  readonly webhook: WebhookProcess;
  readonly aws: AwsFake;
  /** What the webhook's certificate is of. */
  readonly caPem: string;
  stop(): Promise<void>;
}

/**
 * Installs it, and returns when the API server sends Pods to it.
 * @param environment of the webhook, besides what belongs to its place
 */
export async function install(
  cluster: Cluster,
  environment: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const aws = await startAws();
  aws.addUser(WEBHOOK_KEY);
  await addNamespace(cluster, NAMESPACE);
  await addIdentity(cluster);
  const authority = await createCertificateAuthority("piggy-webhooks-ca");
  const port = freePort();
  const webhook = await startWebhook({
    ...(await writeFiles(cluster, await authority.issue({ names: ["127.0.0.1"] }))),
    KUBERNETES_SERVICE_HOST: cluster.host,
    KUBERNETES_SERVICE_PORT: String(cluster.port),
    LISTEN_ADDRESS: `127.0.0.1:${port}`,
    PIGGY_METRICS_ADDRESS: "127.0.0.1:0",
    // As the kubelet tells the Pods of a namespace about its Services.
    PIGGY_WEBHOOKS_SERVICE_HOST: "127.0.0.1",
    PIGGY_WEBHOOKS_SERVICE_PORT: String(port),
    PIGGY_ENV_IMAGE,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: WEBHOOK_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: WEBHOOK_KEY.secretAccessKey,
    ...environment,
  });
  const stop = async () => {
    await Promise.all([webhook.stop(), aws.stop()]);
  };
  try {
    const url = `https://${webhook.address}/mutate`;
    await register(cluster, { name: "piggy-webhooks", url, caPem: authority.pem, labels: INJECTED });
    await untilInForce(cluster);
    return { webhook, aws, caPem: authority.pem, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface Registration {
  /** Webhooks are called in the order of their names. */
  readonly name: string;
  readonly url: string;
  readonly caPem: string;
  /** Of the namespaces whose Pods are sent to it. */
  readonly labels: Readonly<Record<string, string>>;
}

export async function register(cluster: Cluster, { name, url, caPem, labels }: Registration): Promise<void> {
  const webhook = {
    name: `${name}.example.com`,
    clientConfig: { url, caBundle: Buffer.from(caPem).toString("base64") },
    rules: [
      { ...PODS, operations: ["CREATE"], resources: ["pods"] },
      { ...PODS, operations: ["UPDATE"], resources: ["pods/ephemeralcontainers"] },
    ],
    namespaceSelector: { matchLabels: labels },
    admissionReviewVersions: ["v1"],
    failurePolicy: "Fail",
    reinvocationPolicy: "IfNeeded",
    sideEffects: "None",
    timeoutSeconds: 10,
  };
  await add(cluster, "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [webhook],
  });
}

async function addIdentity(cluster: Cluster): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  const [roles, bindings] = ["clusterroles", "clusterrolebindings"].map(
    (kind) => `/apis/${apiGroup}/v1/${kind}`,
  );
  const head = (kind: string) => ({ apiVersion: `${apiGroup}/v1`, kind, metadata: { name: ACCOUNT } });
  await add(cluster, `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: ACCOUNT },
  });
  await add(cluster, `${roles}`, { ...head("ClusterRole"), rules: RIGHTS });
  await add(cluster, `${bindings}`, {
    ...head("ClusterRoleBinding"),
    roleRef: { apiGroup, kind: "ClusterRole", name: ACCOUNT },
    subjects: [{ kind: "ServiceAccount", namespace: NAMESPACE, name: ACCOUNT }],
  });
}

/** What the kubelet would mount for it. */
async function writeFiles(
  cluster: Cluster,
  tls: { readonly cert: string; readonly key: string },
): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(cluster.directory, "installation-"));
  const serviceAccount = join(directory, "serviceaccount");
  await mkdir(serviceAccount);
  const token = await requestToken(cluster, NAMESPACE, ACCOUNT);
  await Promise.all([
    writeFile(join(directory, "tls.crt"), tls.cert),
    writeFile(join(directory, "tls.key"), tls.key),
    writeFile(join(serviceAccount, "ca.crt"), cluster.caPem),
    writeFile(join(serviceAccount, "token"), token),
    writeFile(join(serviceAccount, "namespace"), NAMESPACE),
  ]);
  return {
    TLS_CERT_FILE: join(directory, "tls.crt"),
    TLS_PRIVATE_KEY_FILE: join(directory, "tls.key"),
    PIGGY_SERVICE_ACCOUNT_DIR: serviceAccount,
  };
}

const parseTokenRequest = object({ status: object({ token: string }, {}) }, {});

/** A token of the API server's own making; without audiences it is for the API server. */
export async function requestToken(
  cluster: Cluster,
  namespace: string,
  account: string,
  spec: { readonly audiences?: readonly string[]; readonly boundObjectRef?: object } = {},
): Promise<string> {
  const created = await add(cluster, `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [], expirationSeconds: 3600, ...spec },
  });
  return parseTokenRequest(created, "TokenRequest").status.token;
}

/** The API server learns of rights and of webhooks a moment after it has stored them. */
async function untilInForce(cluster: Cluster): Promise<void> {
  const user = `system:serviceaccount:${NAMESPACE}:${ACCOUNT}`;
  await eventually("the webhook has its rights", async () => {
    const { body } = await cluster.admin.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user, resourceAttributes: { resource: "pods", verb: "get", namespace: NAMESPACE } },
    });
    return Bun.deepMatch({ status: { allowed: true } }, body);
  });
  const probe = "probe";
  await addNamespace(cluster, probe, INJECTED);
  // Its annotation is nobody's: a Pod that comes to the webhook comes back with a warning.
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe", annotations: { "piggysec.com/probe": "" } },
    spec: { containers: [{ name: "probe", image: "probe" }] },
  };
  await eventually("Pods are sent to the webhook", async () => {
    const path = `/api/v1/namespaces/${probe}/pods?dryRun=All`;
    const { warnings } = await cluster.admin.call("POST", path, pod);
    return warnings.some((warning) => warning.includes("piggysec.com/probe"));
  });
}
