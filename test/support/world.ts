/**
 * A cluster, AWS and a registry as far as Piggy sees them, with the real piggy-webhooks in the middle: real TLS, real
 * processes, the real wire protocols, all on loopback. Tests and the demo are run in it.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { type HostImage, type Kubelet, startKubelet } from "../fakes/kubelet.ts";
import { type KubernetesFake, startKubernetes } from "../fakes/kubernetes.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { freePort } from "./free-port.ts";
import { piggyEnv } from "./programs.ts";
import { startWebhook, type WebhookProcess } from "./webhook.ts";

export const REGION = "ap-southeast-1";
export const PIGGY_ENV_IMAGE = "registry.example.com/piggysec/piggy-env:1.0.0";

const NAMESPACE = "piggy-webhooks";
const SERVICE = "piggy-webhooks";
const WEBHOOK_KEY = {
  accessKeyId: "AKIAWEBHOOK000000000",
  secretAccessKey: "webhook-secret-access-key",
} as const;

const FIRST_LOOK: ReadonlySet<string> = new Set(["image volumes", "cannot see whether nodes mount images"]);

export interface World {
  readonly kubernetes: KubernetesFake;
  readonly aws: AwsFake;
  readonly registry: RegistryFake;
  readonly authority: CertificateAuthority;
  readonly webhook: WebhookProcess;
  /** https://127.0.0.1:PORT of the webhook. */
  readonly url: string;
  /** What is between the webhook and the rest of the world, to start another with. */
  readonly environment: Readonly<Record<string, string>>;
  /** A kubelet that knows the injector's image and the given ones. */
  kubelet(images: Readonly<Record<string, HostImage>>): Promise<Kubelet>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  /** Added to the webhook's environment, over what the world sets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What the webhook's service account may do besides TokenReviews, reading Pods and Events; by default ConfigMaps and Secrets. */
  readonly grants?: readonly {
    readonly resource: string;
    readonly verb: string;
    readonly namespace?: string;
  }[];
  /** Whether the webhook's service account may create Events; by default it may. */
  readonly mayTell?: boolean;
  readonly registry?: Parameters<typeof startRegistry>[0];
  /** What the API server is like when the webhook starts. */
  readonly prepare?: (kubernetes: KubernetesFake) => void;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "piggy-world-"));
  const authority = await createCertificateAuthority("piggy-test-ca");
  const registry = startRegistry({
    tls: await authority.issue({ names: ["localhost"] }),
    ...options.registry,
  });
  const [kubernetes, aws] = await Promise.all([startKubernetes(), startAws()]);
  aws.addUser(WEBHOOK_KEY);

  const account = `${NAMESPACE}:${SERVICE}`;
  kubernetes.add({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace: NAMESPACE, name: SERVICE },
  });
  kubernetes.grant(
    account,
    { resource: "tokenreviews", verb: "create" },
    { resource: "pods", verb: "get" },
    ...(options.mayTell === false ? [] : [{ resource: "events", verb: "create" }]),
    ...(options.grants ?? [
      { resource: "configmaps", verb: "get" },
      { resource: "secrets", verb: "get" },
    ]),
  );
  options.prepare?.(kubernetes);
  // It must know its own port before it listens, as it knows its Service's.
  const port = freePort();
  const environment: Record<string, string> = {
    ...(await writeFiles(directory, authority, kubernetes, registry)),
    KUBERNETES_SERVICE_HOST: kubernetes.host,
    KUBERNETES_SERVICE_PORT: String(kubernetes.port),
    // As the kubelet tells the Pods of a namespace about its Services.
    PIGGY_WEBHOOKS_SERVICE_HOST: "127.0.0.1",
    PIGGY_WEBHOOKS_SERVICE_PORT: String(port),
    LISTEN_ADDRESS: `127.0.0.1:${port}`,
    PIGGY_METRICS_ADDRESS: "127.0.0.1:0",
    PIGGY_ENV_IMAGE,
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: WEBHOOK_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: WEBHOOK_KEY.secretAccessKey,
    // Most tests change a secret and ask again.
    PIGGY_CACHE_TTL: "0",
    ...options.environment,
  };
  const webhook = await startWebhook(environment);
  // What it says of the cluster comes when it likes: no test is to find that line between others.
  await webhook.logged(({ message }) => FIRST_LOOK.has(message));
  const url = `https://${webhook.address}`;
  kubernetes.webhook = { url, caPem: authority.pem };
  return {
    kubernetes,
    aws,
    registry,
    authority,
    webhook,
    url,
    environment,
    async kubelet(images) {
      const program = await piggyEnv();
      const injector: HostImage = { program, paths: { "/": dirname(program) } };
      const serviceEnvironment = {};
      return startKubelet({
        kubernetes,
        directory: await mkdtemp(join(directory, "kubelet-")),
        images: { [PIGGY_ENV_IMAGE]: injector, ...images },
        serviceEnvironment,
      });
    },
    async stop() {
      await Promise.all([webhook.stop(), kubernetes.stop(), aws.stop(), registry.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The files that the webhook is given: its certificate, its service account, the registry's CA. */
async function writeFiles(
  directory: string,
  authority: CertificateAuthority,
  kubernetes: KubernetesFake,
  registry: RegistryFake,
): Promise<Record<string, string>> {
  const service = `${SERVICE}.${NAMESPACE}`;
  const names = [service, `${service}.svc`, `${service}.svc.cluster.local`, "127.0.0.1"];
  const { cert, key } = await authority.issue({ names });
  const tls = join(directory, "tls");
  const serviceAccount = join(directory, "serviceaccount");
  await Promise.all([mkdir(tls), mkdir(serviceAccount)]);
  const token = await kubernetes.token({
    namespace: NAMESPACE,
    serviceAccount: SERVICE,
    // Good also where a test sets the API server's clock.
    ageSeconds: 86_400,
    expirationSeconds: 86_400,
  });
  await Promise.all([
    writeFile(join(tls, "tls.crt"), cert),
    writeFile(join(tls, "tls.key"), key),
    writeFile(join(tls, "ca.crt"), authority.pem),
    writeFile(join(serviceAccount, "ca.crt"), kubernetes.caPem),
    writeFile(join(serviceAccount, "token"), token),
    writeFile(join(serviceAccount, "namespace"), NAMESPACE),
  ]);
  return {
    TLS_CERT_FILE: join(tls, "tls.crt"),
    TLS_PRIVATE_KEY_FILE: join(tls, "tls.key"),
    PIGGY_SERVICE_ACCOUNT_DIR: serviceAccount,
    PIGGY_REGISTRY_ORIGINS: registry.url,
    PIGGY_REGISTRY_CA_FILE: join(tls, "ca.crt"),
  };
}
