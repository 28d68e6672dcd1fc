/** piggy-webhooks: reads its settings, wires the rooms together, listens, drains. */
import type { AdmissionWorld } from "./lib/admission/admit.ts";
import { createImageVolumeWatch } from "./lib/admission/image-volume-watch.ts";
import type { Webhook } from "./lib/admission/webhook.ts";
import { registryLogin } from "./lib/aws/registry-login.ts";
import { createWebhookStore } from "./lib/aws/webhook-store.ts";
import { asPiggyError } from "./lib/error.ts";
import { awaitFirstAnswer } from "./lib/http/api-server.ts";
import { watchCertificate } from "./lib/http/certificate-watch.ts";
import { createDrain } from "./lib/http/drain.ts";
import { listen, parseAddress } from "./lib/http/listener.ts";
import { openOperations } from "./lib/http/operations.ts";
import { createReadiness } from "./lib/http/readiness.ts";
import { createHandler } from "./lib/http/routes.ts";
import { expiryOf, readPem, readTls } from "./lib/http/tls.ts";
import { createKubernetesClient } from "./lib/kubernetes/client.ts";
import { createClusterReader } from "./lib/kubernetes/cluster.ts";
import { readClusterConfig } from "./lib/kubernetes/config.ts";
import { createEventWriter } from "./lib/kubernetes/events.ts";
import { createLookups, type Lookups } from "./lib/kubernetes/lookups.ts";
import { jsonLog, type Log } from "./lib/log.ts";
import { measureClient } from "./lib/metrics/kubernetes-calls.ts";
import { measureCall } from "./lib/metrics/measured-call.ts";
import { createMetrics } from "./lib/metrics/metrics.ts";
import { readSettings } from "./lib/read-settings.ts";
import { keepAccountSecrets } from "./lib/registry/account-secrets.ts";
import type { AskEcr } from "./lib/registry/ecr-logins.ts";
import { parseOrigins } from "./lib/registry/endpoint.ts";
import type { ObserveImage } from "./lib/registry/image-cache.ts";
import { createImageLookup, type PullSecrets } from "./lib/registry/lookup.ts";
import { networkOf } from "./lib/registry/reach.ts";
import { parseMirrors } from "./lib/registry/source.ts";
import { createSecretAnswer } from "./lib/secrets/answer.ts";
import { takeTurns } from "./lib/secrets/api-server-turns.ts";
import { createAwsCalls } from "./lib/secrets/aws-calls.ts";
import { keepReads } from "./lib/secrets/reads.ts";
import type { Environment, Settings } from "./lib/settings.ts";
import { version } from "./package.json" with { type: "json" };

/** In the column `From` of a Pod's Events. */
const REPORTER = "piggysec.com/piggy-webhooks";

async function start(environment: Environment, log: Log): Promise<void> {
  const { settings, given, environmentWarnings } = readSettings({ annotations: {}, environment });
  const address = parseAddress(settings["listen-address"]);
  for (const warning of environmentWarnings) log("warn", warning);

  const drain = createDrain(log);
  const readiness = createReadiness(drain.isDraining);
  const metrics = createMetrics({ version, bun: Bun.version });
  const operations = openOperations({
    address: settings["piggy-metrics-address"],
    isGiven: given.has("piggy-metrics-address"),
    metrics: metrics.text,
    readiness,
    log,
  });

  const tls = await readTls(settings);
  let servedCertificate = () => tls;
  metrics.addGauge({
    name: "piggy_tls_certificate_expiry_timestamp_seconds",
    help: "When the certificate that is served expires, in seconds since 1970.",
    read() {
      const served = servedCertificate();
      return served === undefined ? undefined : expiryOf(served.cert);
    },
  });
  readiness.meet("certificate");
  const clusterConfig = await readClusterConfig(environment, settings["piggy-service-account-dir"]);
  const client = measureClient(createKubernetesClient(clusterConfig), (call) => {
    metrics.observeKubernetes(call);
    if (call.outcome === "ok" || call.outcome === "forbidden") readiness.meet("apiServer");
  });
  const cluster = createClusterReader(client);
  const lookups = createLookups(client);

  const askEcr = measureCall("GetAuthorizationToken", registryLogin, metrics.observeAws);
  const images = { askEcr, observe: metrics.observeImage };
  const readImageCommand = await wireImages(settings, environment, lookups, log, images);

  const webhook: Webhook = {
    environment,
    service: ownService(settings["piggy-service-name"], clusterConfig.namespace, environment),
    get ca() {
      return servedCertificate()?.ca;
    },
    scheme: tls === undefined ? "http" : "https",
  };
  const newUid = () => crypto.randomUUID().replaceAll("-", "");
  const ending = new AbortController();
  const imageVolumes = createImageVolumeWatch({
    cluster,
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
  const onEvent = metrics.observeRead;
  const calls = createAwsCalls({ onEvent });
  const store = createWebhookStore(environment, calls.make);
  const reads = keepReads(store, { calls, ttlMs: settings["piggy-cache-ttl"], onEvent });
  const apiServer = takeTurns(lookups, onEvent);
  const reporter = { controller: REPORTER, instance: environment["HOSTNAME"] || "piggy-webhooks" };
  const events = settings["piggy-events"] ? { createEvent: createEventWriter(client, reporter) } : {};
  const answerSecret = createSecretAnswer({ environment, ...apiServer, ...reads, ...events, log });

  const { requests } = metrics;
  const { isDraining } = drain;
  const handler = createHandler({ admission, answerSecret, isDraining, readiness, metrics: requests, log });
  const listener = listen(address, tls, handler);
  log("info", "listening", {
    address: `${listener.hostname}:${listener.port}`,
    tls: tls !== undefined,
    metrics: operations ?? "off",
  });
  if (tls !== undefined) {
    servedCertificate = watchCertificate({
      first: tls,
      read: () => readTls(settings),
      show: listener.renew,
      signal: ending.signal,
      log,
    });
  }
  imageVolumes.begin();
  void awaitFirstAnswer({
    ask: cluster.readServerVersion,
    isThere: () => readiness.isMet("apiServer"),
    signal: ending.signal,
    log,
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      ending.abort();
      void drain.begin(listener).then(() => process.exit(0));
    });
  }
  await store.prepare();
}

interface ImageCalls {
  readonly askEcr: AskEcr;
  readonly observe?: ObserveImage;
}

/** The look-up of what images run, with the pull secrets that a cluster has, if there is one. */
async function wireImages(
  settings: Settings,
  environment: Environment,
  lookups: Lookups | undefined,
  log: Log,
  { askEcr, observe }: ImageCalls = { askEcr: registryLogin },
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
  return createImageLookup(registry, pullSecrets, askEcr, observe);
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
