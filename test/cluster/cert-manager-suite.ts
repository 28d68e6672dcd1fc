/** The certificate that cert-manager makes, a real one, on a real node. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createAuthority, type KeyPair } from "../../lib/certificates/x509.ts";
import { environmentOf } from "../admission/mutation.ts";
import { eventually } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { number, object } from "../fakes/kubernetes/schema.ts";
import type { Background } from "../support/background.ts";
import { addClusterIssuer, isIssuerReady, renew, startCertManager } from "./cert-manager.ts";
import { type ChartInstallation, OWN_NAMESPACE, prepareChart, RELEASE, runHelm } from "./installation.ts";
import { inventory } from "./inventory.ts";
import { caBundle, ownSecret, secretAt, servedSince, serviceAddress } from "./kept-certificate.ts";
import { killProcess } from "./kill-process.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { restartsOf, stored } from "./pods.ts";
import { NAMESPACE, type Use, useRelease } from "./use.ts";

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
let use: Use;
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
  use = await useRelease(node, installation);
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

async function starts(name: string): Promise<void> {
  await use.create(name);
  await use.says(name);
}

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
  await use.says(name);
}

const secretOf = async (name: string) =>
  (await secretAt(node.cluster, `/api/v1/namespaces/${OWN_NAMESPACE}/secrets/${name}`)) ?? {};

const authorityIn = async (name: string) => (await secretOf(name))["ca.crt"] ?? "none";

/** Enough connections that both replicas have answered. @throws Error where this CA alone does not verify one */
async function everyReplicaServesBy(ca: string): Promise<void> {
  const address = await serviceAddress(node.cluster);
  await Promise.all(Array.from({ length: 30 }, () => servedSince(address, ca)));
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
    await use.during(renewed);
    expect(await secretOf(AUTHORITY)).toEqual(authority);
    expect(await caBundle(node.cluster)).toBe(await trustOf(FIRST));
    await startsAgain(FIRST);
  });

  test("its CA is renewed with the key that it has, and a Pod from before starts again", async () => {
    const { "tls.key": key, "tls.crt": ca } = await secretOf(AUTHORITY);
    await use.during(async () => {
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
    use.during(async () => {
      const said = await helm("upgrade", tls);
      await use.onlyNewReplicas();
      return said;
    });

  test("to its own: Pods are admitted all the while, and one from before does not start again", async () => {
    const there = await caBundle(node.cluster);
    expect(await upgrade({})).toContain("kubectl rollout restart");
    const own = (await ownSecret(node.cluster))?.["ca.crt"] ?? "none";
    expect(await caBundle(node.cluster)).toBe(`${own}${there}`);
    await everyReplicaServesBy(own);
    await use.isLost(FIRST);
  });

  test("to cert-manager's: Pods are admitted all the while, its CA is the one from before, and the Pod starts again", async () => {
    const [there, authority] = [await caBundle(node.cluster), await secretOf(AUTHORITY)];
    expect(await upgrade(BY_CERT_MANAGER)).toContain("kubectl rollout restart");
    expect(await secretOf(AUTHORITY)).toEqual(authority);
    expect(await caBundle(node.cluster)).toBe(there);
    await everyReplicaServesBy(await authorityIn(CERTIFICATE));
    await use.says(FIRST);
  });
});

test("an issuer that is there already takes the place of the chart's: Pods are admitted all the while, and start", async () => {
  const issuerRef = { name: OPERATORS_ISSUER, kind: "ClusterIssuer" };
  const there = await caBundle(node.cluster);
  await use.during(async () => {
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
