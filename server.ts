/** piggy-webhooks: reads its settings, wires the rooms together, listens, drains. */
import { registryLogin } from "./lib/aws/registry-login.ts";
import { asPiggyError } from "./lib/error.ts";
import { awaitFirstAnswer } from "./lib/http/await-api-server.ts";
import { watchCertificate } from "./lib/http/certificate-watch.ts";
import { createDrain } from "./lib/http/drain.ts";
import { listen, parseAddress } from "./lib/http/listener.ts";
import { openOperations } from "./lib/http/operations.ts";
import { createReadiness } from "./lib/http/readiness.ts";
import { createHandler } from "./lib/http/routes.ts";
import { expiryOf } from "./lib/http/tls.ts";
import type { KubernetesClient } from "./lib/kubernetes/client.ts";
import { batchLines } from "./lib/line-batch.ts";
import { jsonLog, type Log } from "./lib/log.ts";
import { measureClient } from "./lib/metrics/kubernetes-calls.ts";
import { measureCall } from "./lib/metrics/measured-call.ts";
import { createMetrics } from "./lib/metrics/metrics.ts";
import { readSettings } from "./lib/read-settings.ts";
import type { Environment } from "./lib/settings.ts";
import { wireAdmission } from "./lib/wiring/admission.ts";
import { wireApiServer } from "./lib/wiring/api-server.ts";
import { wireCertificates } from "./lib/wiring/certificates.ts";
import { wireImages } from "./lib/wiring/images.ts";
import { wireSecrets } from "./lib/wiring/secrets.ts";
import { version } from "./package.json" with { type: "json" };

async function start(environment: Environment, log: Log): Promise<void> {
  const { settings, given, environmentWarnings } = readSettings({ annotations: {}, environment });
  const address = parseAddress(settings["listen-address"]);
  for (const warning of environmentWarnings) log("warn", warning);

  const { signal, endBy } = endOnSignals();
  const drain = createDrain(log);
  const { isDraining } = drain;
  const readiness = createReadiness(isDraining);
  const metrics = createMetrics({ version, bun: Bun.version });
  const operations = openOperations({
    address: settings["piggy-metrics-address"],
    isGiven: given.has("piggy-metrics-address"),
    metrics: metrics.text,
    readiness,
    log,
  });

  const measured = (asked: KubernetesClient) =>
    measureClient(asked, (call) => {
      metrics.observeKubernetes(call);
      if (call.outcome === "ok" || call.outcome === "forbidden") readiness.meet("apiServer");
    });
  const apiServer = await wireApiServer(settings, environment, measured);
  const ground = { settings, environment, apiServer, log };

  const certificates = wireCertificates(ground);
  const tls = await certificates.first();
  readiness.meet("certificate");
  let served = () => tls;
  metrics.addGauge({
    name: "piggy_tls_certificate_expiry_timestamp_seconds",
    help: "When the certificate that is served expires, in seconds since 1970.",
    read: () => expiryOf(served()),
  });

  const askEcr = measureCall("GetAuthorizationToken", registryLogin, metrics.observeAws);
  const imageCalls = { askEcr, observe: metrics.observeImage };
  const isTls = tls !== undefined;
  const ca = () => served()?.ca;
  const admission = await wireAdmission({ ...ground, imageCalls, isTls, ca, signal });
  const onEvent = metrics.observeRead;
  const { answerSecret, prepare } = wireSecrets({ ...ground, onEvent });

  const handler = createHandler({
    admission: admission.world,
    answerSecret,
    isDraining,
    readiness,
    metrics: metrics.requests,
    onRefused: () => onEvent({ kind: "refused", queue: "requests" }),
    log,
  });
  const listener = listen(address, tls, handler);
  endBy(() => void drain.begin(listener).then(() => process.exit(0)));
  log("info", "listening", {
    address: `${listener.hostname}:${listener.port}`,
    tls: isTls,
    metrics: operations ?? "off",
  });

  if (tls !== undefined) {
    served = watchCertificate({ first: tls, read: certificates.read, show: listener.renew, signal, log });
  }
  admission.watchNodes();
  const isThere = () => readiness.isMet("apiServer");
  void awaitFirstAnswer({ ask: apiServer.cluster.readServerVersion, isThere, signal, log });
  await prepare();
}

/** A signal ends the process at once, until there is another way to end it. */
function endOnSignals() {
  const ending = new AbortController();
  let end: () => void = () => process.exit(0);
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      ending.abort();
      end();
    });
  }
  const endBy = (way: () => void) => {
    end = way;
  };
  return { signal: ending.signal, endBy };
}

const environment = { ...process.env };
const { settings } = readSettings({ annotations: {}, environment });
const lines = batchLines((text) => process.stderr.write(text));
process.on("exit", lines.flush);
const log = jsonLog(lines.write, settings.debug);
const [command, ...args] = process.argv.slice(2);
if (command === "explain") {
  const { explain } = await import("./explain.ts");
  const exitCode = await explain(args, environment, (read, lookups) =>
    wireImages(read, environment, lookups, log, { askEcr: registryLogin }),
  );
  // What a credential plugin left behind may hold its pipe open.
  process.exit(exitCode);
} else if (command === "check") {
  const { check } = await import("./check.ts");
  process.exit(await check(args, environment, settings));
} else {
  try {
    await start(environment, log);
  } catch (error) {
    const { code, message } = asPiggyError(error, "setting_invalid");
    log("fatal", message, { code });
    process.exit(1);
  }
}
