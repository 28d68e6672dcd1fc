/** The certificate that cert-manager makes, a real one, on a real node. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createAuthority, type KeyPair } from "../../lib/certificates/x509.ts";
import { environmentOf, isWrapped } from "../admission/mutation.ts";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { list, number, object } from "../fakes/kubernetes/schema.ts";
import type { Background } from "../support/background.ts";
import { REGION } from "../support/world.ts";
import { addClusterIssuer, isIssuerReady, renew, startCertManager } from "./cert-manager.ts";
import {
  type ChartInstallation,
  OWN_NAMESPACE,
  prepareChart,
  RELEASE,
  RESTRICTED,
  runHelm,
} from "./installation.ts";
import { inventory } from "./inventory.ts";
import { caBundle, ownSecret, secretAt, servedSince, serviceAddress } from "./kept-certificate.ts";
import { killProcess } from "./kill-process.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, logOf, restartsOf, says, stored } from "./pods.ts";
import { LINGER, pushCompiled } from "./program-image.ts";
import { restrictedPod } from "./restricted-pod.ts";
import { startStream } from "./stream.ts";

const NAMESPACE = "restricted";
const SECRET = "restricted/sample";
const VALUE = "from AWS";
const HOST = `${RELEASE}.${OWN_NAMESPACE}.svc`;
/** A Certificate is called as its Secret is. */
const CERTIFICATE = `${RELEASE}-cert-manager`;
const AUTHORITY = `${CERTIFICATE}-ca`;
const OPERATORS_ISSUER = "of-the-operator";
/** The first Pod, which trusts the CA of then. */
const FIRST = "first";
const DAY_MS = 86_400_000;

let node: OneNode;
let certManager: Background;
let installation: ChartInstallation;
let image: string;
let operators: KeyPair;
let before: readonly string[];
beforeAll(async () => {
  // By default a Secret that has changed comes to its volume in a minute or two, and who failed often waits for minutes.
  const kubelet = { syncFrequency: "5s", crashLoopBackOff: { maxContainerRestartPeriod: "1s" } };
  node = await startOneNode({ kubelet });
  certManager = await startCertManager(node.cluster);
  const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + DAY_MS) };
  operators = await createAuthority("of the operator", validity);
  await addClusterIssuer(node.cluster, OPERATORS_ISSUER, operators);
  // It is there when it has looked at that one.
  await certManager.ready(() => isIssuerReady(node.cluster, OPERATORS_ISSUER));
  installation = await prepareChart(node);
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  image = await pushCompiled(node, "linger", LINGER);
  await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
  before = await inventory(node.cluster, OWN_NAMESPACE);
});
afterAll(async () => {
  await certManager?.stop();
  await installation?.stop();
  await node?.stop();
});

const helm = (command: "install" | "upgrade", tls: object) =>
  runHelm(node, installation, command, installation.chart, { ...installation.values, tls });

const BY_CERT_MANAGER = { mode: "cert-manager" };

/** There is no DNS in this cluster. */
async function podOf(name: string) {
  const { spec, ...rest } = restrictedPod({
    namespace: NAMESPACE,
    name,
    image,
    annotations: { "piggysec.com/aws-secret-name": SECRET },
    container: {
      command: ["/program"],
      args: [name],
      env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }],
    },
    restartPolicy: "Always",
  });
  const hostAliases = [{ ip: await serviceAddress(node.cluster), hostnames: [HOST] }];
  return { ...rest, spec: { ...spec, hostAliases } };
}

/** Not stored. */
async function admit(): Promise<void> {
  const path = `${podsOf(NAMESPACE)}?dryRun=All`;
  const { status, body } = await node.cluster.admin.call("POST", path, await podOf("of-many"));
  if (status !== 201) throw new Error(`${status} ${String(body["message"])}`);
  if (!isWrapped(parsePod(body, "Pod"))) throw new Error("admitted as it came");
}

const starts = async (name: string) => {
  await add(node.cluster, podsOf(NAMESPACE), await podOf(name));
  await says(node.cluster, NAMESPACE, name, VALUE);
};

/** PEM of the CAs that the Pod verifies piggy-webhooks by, for as long as it lives. */
async function trustOf(name: string): Promise<string> {
  const pod = parsePod(await stored(node.cluster, NAMESPACE, name), "Pod");
  return environmentOf(pod)["PIGGY_CA"] ?? "none";
}

async function startsAgain(name: string): Promise<void> {
  const restarts = await restartsOf(node.cluster, NAMESPACE, name);
  await killProcess(["/program", name]);
  const isStartedAgain = async () => (await restartsOf(node.cluster, NAMESPACE, name)) > restarts;
  await eventually("the container is started again", isStartedAgain);
  await says(node.cluster, NAMESPACE, name, VALUE);
}

const secretOf = async (name: string) =>
  (await secretAt(node.cluster, `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${name}`)) ?? {};

const authorityIn = async (name: string) => (await secretOf(name))["ca.crt"] ?? "none";

/** Enough connections that both replicas have answered. @throws Error where this CA alone does not verify one */
async function everyReplicaServesBy(ca: string): Promise<void> {
  const address = await serviceAddress(node.cluster);
  await Promise.all(Array.from({ length: 30 }, () => servedSince(address, ca)));
}

/** Does something while Pods are created, and others connect anew each time, and expects that none of it fails. */
async function whileInUse<Result>(step: () => Promise<Result>): Promise<Result> {
  const address = await serviceAddress(node.cluster);
  const admissions = startStream(admit, 20);
  const connect = async () => void (await servedSince(address, await caBundle(node.cluster)));
  const connections = startStream(connect, 20);
  try {
    const result = await step();
    // What fails ends its stream by and by, and is told.
    const often = () => Math.min(admissions.count(), connections.count()) > 20;
    await eventually(
      "both were at it often",
      async () => often() || admissions.failed() || connections.failed(),
    );
    return result;
  } finally {
    expect([await connections.stop(), await admissions.stop()]).toEqual([[], []]);
  }
}

const parseDeployment = object({ status: object({ readyReplicas: number }, {}) }, {});

describe("installed with tls.mode=cert-manager", () => {
  test("helm install ends when both replicas are ready, and the API server comes to trust the CA that cert-manager made", async () => {
    await helm("install", BY_CERT_MANAGER);
    const path = `/apis/apps/v1/namespaces/${OWN_NAMESPACE}/deployments/${RELEASE}`;
    const { body } = await node.cluster.admin.call("GET", path);
    expect(parseDeployment(body, "Deployment").status.readyReplicas).toBe(2);
    const ca = (await secretOf(AUTHORITY))["tls.crt"] ?? "none";
    expect(await authorityIn(CERTIFICATE)).toBe(ca);
    await eventually("it is in caBundle alone", async () => (await caBundle(node.cluster)) === ca);
  });

  test("a Pod trusts what the Service serves, and starts with its secret", async () => {
    await starts(FIRST);
    expect(await trustOf(FIRST)).toBe(await authorityIn(CERTIFICATE));
    await everyReplicaServesBy(await trustOf(FIRST));
  });

  /** Resolves when every replica serves a certificate that was made since, which the first Pod still trusts. */
  async function renewed(): Promise<void> {
    const trusted = await trustOf(FIRST);
    const address = await serviceAddress(node.cluster);
    const since = await servedSince(address, trusted);
    await renew(node.cluster, CERTIFICATE);
    await eventually("every replica serves the next one", async () => {
      const served = await Promise.all(Array.from({ length: 30 }, () => servedSince(address, trusted)));
      return served.every((each) => each > since);
    });
  }

  test("its certificate is renewed while Pods are created and clients connect, and a Pod from before starts again", async () => {
    const authority = await secretOf(AUTHORITY);
    await whileInUse(renewed);
    expect(await secretOf(AUTHORITY)).toEqual(authority);
    expect(await caBundle(node.cluster)).toBe(await trustOf(FIRST));
    await startsAgain(FIRST);
  });

  test("its CA is renewed with the key that it has, and a Pod from before starts again", async () => {
    const { "tls.key": key, "tls.crt": ca } = await secretOf(AUTHORITY);
    await whileInUse(async () => {
      await renew(node.cluster, AUTHORITY);
      await eventually("it is renewed", async () => (await secretOf(AUTHORITY))["tls.crt"] !== ca);
      await renewed();
    });
    const next = await secretOf(AUTHORITY);
    expect(next["tls.key"]).toBe(key ?? "none");
    expect(await caBundle(node.cluster)).toBe(`${ca}${next["tls.crt"]}`);
    await startsAgain(FIRST);
    await starts("by-the-next-ca");
    expect(await trustOf("by-the-next-ca")).toBe(next["tls.crt"] ?? "none");
  });
});

describe("where tls.mode is changed and changed back", () => {
  /** Upgrades, and waits until only the replicas that it has made are there. @returns what Helm said */
  const upgrade = (tls: object) =>
    whileInUse(async () => {
      const said = await helm("upgrade", tls);
      await eventually("the replicas before are gone", async () => (await countReplicas()) === 2);
      return said;
    });

  const parsePods = object({ items: list(object({}, {})) }, {});
  async function countReplicas(): Promise<number> {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${RELEASE}`);
    const path = `${podsOf(OWN_NAMESPACE)}?labelSelector=${selector}`;
    return parsePods((await node.cluster.admin.call("GET", path)).body, "PodList").items.length;
  }

  test("to its own: Pods are admitted all the while, and one from before does not start again", async () => {
    const there = await caBundle(node.cluster);
    expect(await upgrade({})).toContain("kubectl rollout restart");
    const own = (await ownSecret(node.cluster))?.["ca.crt"] ?? "none";
    expect(await caBundle(node.cluster)).toBe(`${own}${there}`);
    await everyReplicaServesBy(own);
    await killProcess(["/program", FIRST]);
    await eventually("it says why", async () => {
      const log = await logOf(node.cluster, NAMESPACE, FIRST).catch(() => "");
      return log.includes('"code":"webhook_untrusted"');
    });
  });

  test("to cert-manager's: Pods are admitted all the while, its CA is the one from before, and the Pod starts again", async () => {
    const [there, authority] = [await caBundle(node.cluster), await secretOf(AUTHORITY)];
    expect(await upgrade(BY_CERT_MANAGER)).toContain("kubectl rollout restart");
    expect(await secretOf(AUTHORITY)).toEqual(authority);
    expect(await caBundle(node.cluster)).toBe(there);
    await everyReplicaServesBy(await authorityIn(CERTIFICATE));
    await says(node.cluster, NAMESPACE, FIRST, VALUE);
  });
});

test("an issuer that is there already takes the place of the chart's: Pods are admitted all the while, and start", async () => {
  const issuerRef = { name: OPERATORS_ISSUER, kind: "ClusterIssuer" };
  const there = await caBundle(node.cluster);
  await whileInUse(async () => {
    await helm("upgrade", { ...BY_CERT_MANAGER, certManager: { issuerRef } });
    await eventually("every replica serves by its CA", () =>
      everyReplicaServesBy(operators.cert).then(
        () => true,
        () => false,
      ),
    );
  });
  expect(await caBundle(node.cluster)).toBe(`${there}${operators.cert}`);
  await starts("by-the-issuer");
  expect(await trustOf("by-the-issuer")).toBe(operators.cert);
});

test("helm uninstall leaves nothing but the Secrets of its certificates", async () => {
  await installation.helm.run("uninstall", RELEASE, "--namespace", OWN_NAMESPACE, "--wait");
  const left = [...before, `secret/${CERTIFICATE}`, `secret/${AUTHORITY}`].sort();
  await eventually("what belonged to it is gone", async () =>
    Bun.deepEquals(await inventory(node.cluster, OWN_NAMESPACE), left),
  );
});
