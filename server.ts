/** piggy-webhooks: reads its settings, wires the rooms together, listens, drains. */
import type { AdmissionWorld } from "./lib/admission/admit.ts";
import { createImageVolumeWatch } from "./lib/admission/image-volume-watch.ts";
import type { Webhook } from "./lib/admission/webhook.ts";
import { registryLogin } from "./lib/aws/registry-login.ts";
import { createSdkStore, preloadSdk } from "./lib/aws/sdk.ts";
import { createKeeper, firstCertificate } from "./lib/certificates/keeper.ts";
import { certificateNames } from "./lib/certificates/names.ts";
import { asPiggyError, PiggyError } from "./lib/error.ts";
import { watchCertificate } from "./lib/http/certificate-watch.ts";
import { createDrain } from "./lib/http/drain.ts";
import { listen, parseAddress } from "./lib/http/listener.ts";
import { createHandler } from "./lib/http/routes.ts";
import { readPem, readTls, type Tls } from "./lib/http/tls.ts";
import { createKubernetesClient, type KubernetesClient } from "./lib/kubernetes/client.ts";
import { createClusterReader } from "./lib/kubernetes/cluster.ts";
import { readClusterConfig } from "./lib/kubernetes/config.ts";
import { createLookups, type Lookups } from "./lib/kubernetes/lookups.ts";
import { createOwnObjects } from "./lib/kubernetes/own-objects.ts";
import { jsonLog, type Log } from "./lib/log.ts";
import { readSettings } from "./lib/read-settings.ts";
import { keepAccountSecrets } from "./lib/registry/account-secrets.ts";
import { parseOrigins } from "./lib/registry/endpoint.ts";
import { createImageLookup, type PullSecrets } from "./lib/registry/lookup.ts";
import { networkOf } from "./lib/registry/reach.ts";
import { parseMirrors } from "./lib/registry/source.ts";
import { createSecretAnswer } from "./lib/secrets/answer.ts";
import type { Environment, Settings } from "./lib/settings.ts";

async function start(environment: Environment, log: Log): Promise<void> {
  const ending = new AbortController();
  let end: () => void = () => process.exit(0);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      ending.abort();
      end();
    });
  }

  const { settings, environmentWarnings } = readSettings({ annotations: {}, environment });
  const address = parseAddress(settings["listen-address"]);
  for (const warning of environmentWarnings) log("warn", warning);
  refuseUnknownPolicy(environment);

  const cluster = await readClusterConfig(environment, settings["piggy-service-account-dir"]);
  const client = createKubernetesClient(cluster);
  const certificates = certificateSource(settings, cluster.namespace, client, log);
  const tls = await certificates.first();
  const lookups = createLookups(client);

  const readImageCommand = await wireImages(settings, environment, lookups, log);

  let servedCertificate = () => tls;
  const webhook: Webhook = {
    environment,
    service: ownService(settings["piggy-service-name"], cluster.namespace, environment),
    get ca() {
      return servedCertificate()?.ca;
    },
    scheme: tls === undefined ? "http" : "https",
  };
  const newUid = () => crypto.randomUUID().replaceAll("-", "");
  const imageVolumes = createImageVolumeWatch({
    cluster: createClusterReader(client),
    settleMs: settings["piggy-delivery-settle"],
    signal: ending.signal,
    log,
  });
  const admission: AdmissionWorld = {
    webhook,
    readObject: lookups.readObject,
    readImageCommand,
    imageVolumes: imageVolumes.current,
    newUid,
    log,
  };
  const answerSecret = createSecretAnswer({ environment, ...lookups, ...createSdkStore(), log });

  const drain = createDrain(log);
  const handler = createHandler({ admission, answerSecret, isDraining: drain.isDraining, log });
  const listener = listen(address, tls, handler);
  log("info", "listening", { address: `${listener.hostname}:${listener.port}`, tls: tls !== undefined });
  if (tls !== undefined) {
    servedCertificate = watchCertificate({
      first: tls,
      read: certificates.read,
      show: listener.renew,
      signal: ending.signal,
      log,
    });
  }
  imageVolumes.begin();

  end = () => void drain.begin(listener).then(() => process.exit(0));
  await preloadSdk();
}

interface CertificateSource {
  readonly first: () => Promise<Tls | undefined>;
  readonly read: () => Promise<Tls | undefined>;
}

/** Where the certificate comes from: files, or the webhook's own CA. Undefined is plain HTTP. */
function certificateSource(
  settings: Settings,
  namespace: string,
  client: KubernetesClient,
  log: Log,
): CertificateSource {
  const secret = settings["piggy-certificate-secret"];
  if (!secret) return { first: () => readTls(settings), read: () => readTls(settings) };
  if (settings["tls-cert-file"] || settings["tls-private-key-file"]) {
    throw new PiggyError(
      "setting_invalid",
      "PIGGY_CERTIFICATE_SECRET and TLS_CERT_FILE exclude each other: a certificate of the webhook's own, or yours",
    );
  }
  const service = settings["piggy-service-name"];
  const webhookConfiguration = settings["piggy-webhook-configuration"] || undefined;
  const kept = createOwnObjects(client, { namespace, service, secret, webhookConfiguration });
  const { look } = createKeeper(kept, {
    names: certificateNames({ service, namespace, further: settings["piggy-certificate-names"] }),
    authorityLifetimeMs: settings["piggy-ca-lifetime"],
    certificateLifetimeMs: settings["piggy-certificate-lifetime"],
    log,
  });
  return { first: () => firstCertificate(look, log), read: look };
}

/** The look-up of what images run, with the pull secrets that a cluster has, if there is one. */
async function wireImages(
  settings: Settings,
  environment: Environment,
  lookups: Lookups | undefined,
  log: Log,
) {
  const registryCa = settings["piggy-registry-ca-file"];
  const trustedOrigins = parseOrigins(settings["piggy-registry-origins"]);
  const registry = {
    trustedOrigins,
    mirrors: parseMirrors(settings["piggy-registry-mirrors"], trustedOrigins),
    ca: registryCa ? await readPem(registryCa) : undefined,
    network: networkOf(environment),
  };
  const pullSecrets: PullSecrets = {
    async read(namespace, name, signal) {
      const content = await lookups?.readObject(namespace, { kind: "Secret", name }, signal);
      return content?.seen ? content.data : undefined;
    },
    ofServiceAccount: keepAccountSecrets(async (namespace, name, signal) => {
      const names = await lookups?.readPullSecretNames(namespace, name, signal);
      if (names === undefined) return [];
      if (typeof names !== "string") return names;
      const reason = `the service account is ${names}, so its imagePullSecrets are not tried`;
      log("debug", reason, { namespace, serviceAccount: name });
      return [];
    }),
  };
  return createImageLookup(registry, pullSecrets, registryLogin);
}

/** A policy that an operator relies on and that nobody enforces is worse than none. */
function refuseUnknownPolicy(environment: Environment): void {
  const variable = ["PIGGY_ALLOWED_SECRETS", "PIGGY_ASSUME_ROLES"].find((name) => environment[name]);
  if (variable === undefined) return;
  throw new PiggyError(
    "setting_invalid",
    `${variable} is not enforced by this version: take it away, and limit what may be read by the webhook's IAM role ` +
      "and by PIGGY_ALLOWED_SA in the secrets",
  );
}

/** Our own Service; its address is what the kubelet gave us in the variables of that Service. */
function ownService(name: string, namespace: string, environment: Environment): Webhook["service"] {
  const prefix = name.toUpperCase().replaceAll("-", "_");
  const host = environment[`${prefix}_SERVICE_HOST`];
  const port = environment[`${prefix}_SERVICE_PORT`];
  const bracketed = host?.includes(":") ? `[${host}]` : host;
  return { name, namespace, clusterAddress: bracketed && port ? `${bracketed}:${port}` : undefined };
}

const environment = { ...process.env };
const { settings } = readSettings({ annotations: {}, environment });
const log = jsonLog((line) => process.stderr.write(line), settings.debug);
const [command, ...args] = process.argv.slice(2);
if (command === "explain") {
  const { explain } = await import("./explain.ts");
  const exitCode = await explain(args, environment, (read, lookups) =>
    wireImages(read, environment, lookups, log),
  );
  // What a credential plugin left behind may hold its pipe open.
  process.exit(exitCode);
} else {
  try {
    await start(environment, log);
  } catch (error) {
    const { code, message } = asPiggyError(error, "setting_invalid");
    log("fatal", message, { code });
    process.exit(1);
  }
}
