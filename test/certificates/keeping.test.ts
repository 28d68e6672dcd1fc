/** The webhook's own CA, certificate and caBundle, as a running webhook keeps them in a cluster. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { type Authority, format, validityFrom } from "../../lib/certificates/authority.ts";
import { createAuthority, crossSign } from "../../lib/certificates/x509.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import type { Fault, Ordered } from "../fakes/kubernetes.ts";
import { runToItsEnd } from "../http/running.ts";
import { scrape } from "../metrics/scrape.ts";
import { startPod } from "../secrets/asking.ts";
import { until } from "../support/until.ts";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(90_000);

const NAMESPACE = "piggy-webhooks";
const SECRET = "piggy-webhooks-ca";
const CONFIGURATION = "piggy-webhooks";
const SERVICE_NAME = "piggy-webhooks.piggy-webhooks.svc";
const HOUR_MS = 60 * 60 * 1000;

let world: World;
const running: WebhookProcess[] = [];

beforeAll(async () => {
  world = await startWorld();
  world.kubernetes.grant(
    `${NAMESPACE}:piggy-webhooks`,
    ...["create", "update"].map((verb) => ({ resource: "secrets", verb, namespace: NAMESPACE })),
    { resource: "services", verb: "get", namespace: NAMESPACE },
    ...["get", "patch"].map((verb) => ({ resource: "mutatingwebhookconfigurations", verb })),
  );
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: NAMESPACE, name: "piggy-webhooks", uid: "the-service" },
  });
});
afterAll(() => world.stop());

afterEach(async () => {
  await Promise.all(running.splice(0).map((webhook) => webhook.stop()));
  world.kubernetes.remove("Secret", NAMESPACE, SECRET);
  world.kubernetes.remove("MutatingWebhookConfiguration", undefined, CONFIGURATION);
});

const ENVIRONMENT = {
  TLS_CERT_FILE: "",
  TLS_PRIVATE_KEY_FILE: "",
  LISTEN_ADDRESS: "127.0.0.1:0",
  PIGGY_CERTIFICATE_SECRET: SECRET,
  PIGGY_WEBHOOK_CONFIGURATION: CONFIGURATION,
};

async function startReplica(environment: Readonly<Record<string, string>> = {}): Promise<WebhookProcess> {
  const webhook = await startWebhook({ ...world.environment, ...ENVIRONMENT, ...environment });
  running.push(webhook);
  return webhook;
}

function addConfiguration(caBundle?: string): void {
  const clientConfig = {
    service: { namespace: NAMESPACE, name: "piggy-webhooks", path: "/mutate" },
    ...(caBundle === undefined ? {} : { caBundle: Buffer.from(caBundle).toString("base64") }),
  };
  world.kubernetes.add({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: CONFIGURATION },
    webhooks: [{ name: "piggysec.com", clientConfig }],
  });
}

function bundle(): string {
  const configuration = world.kubernetes.object("MutatingWebhookConfiguration", undefined, CONFIGURATION);
  const [webhook] = Reflect.get(configuration ?? {}, "webhooks") ?? [];
  return Buffer.from(webhook?.clientConfig?.caBundle ?? "", "base64").toString();
}

/** A text of the Secret, empty where there is none. */
function stored(key: string): string {
  const data = world.kubernetes.object("Secret", NAMESPACE, SECRET)?.data ?? {};
  return Buffer.from(data[key] ?? "", "base64").toString();
}

/** Whether a client that knows only this CA, and the Service's name, accepts the certificate. */
async function isTrusted({ address }: WebhookProcess, ca: string): Promise<boolean> {
  const [host, port] = address.split(":");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port: Number(port), ca, servername: SERVICE_NAME });
  socket.once("secureConnect", () => resolve(true));
  socket.once("error", () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

test("a first start makes a CA, and the API server and Pods trust what is served", async () => {
  addConfiguration();
  const webhook = await startReplica({ PIGGY_CERTIFICATE_NAMES: "localhost" });
  const ca = stored("ca.crt");
  expect(await isTrusted(webhook, ca)).toBe(true);
  await until(() => bundle() === ca);
  const [, port] = webhook.address.split(":");
  world.kubernetes.webhook = { url: `https://localhost:${port}`, caPem: bundle() };
  const pod = await startPod(world.kubernetes);
  expect(pod.stored.spec.containers[0]?.env?.find(({ name }) => name === "PIGGY_CA")?.value).toBe(ca);
});

test("the Secret ends with the Service, so that an uninstallation leaves nothing behind", async () => {
  await startReplica();
  const secret = world.kubernetes.object("Secret", NAMESPACE, SECRET);
  expect(secret?.metadata).toMatchObject({
    labels: { "app.kubernetes.io/managed-by": "piggy-webhooks" },
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "piggy-webhooks", uid: "the-service" }],
  });
});

test("replicas that start at once agree on one CA", async () => {
  const replicas = await Promise.all([startReplica(), startReplica(), startReplica()]);
  const ca = stored("ca.crt");
  expect(await Promise.all(replicas.map((replica) => isTrusted(replica, ca)))).toEqual([true, true, true]);
});

test("a replica that starts later keeps the CA that is there", async () => {
  await startReplica();
  const ca = stored("ca.crt");
  const later = await startReplica();
  expect(stored("ca.crt")).toBe(ca);
  expect(await isTrusted(later, ca)).toBe(true);
});

test("a Secret that was deleted is written back as it was", async () => {
  await startReplica();
  const before = [stored("ca.crt"), stored("ca.key")];
  world.kubernetes.remove("Secret", NAMESPACE, SECRET);
  await until(() => stored("ca.crt") !== "");
  expect([stored("ca.crt"), stored("ca.key")]).toEqual(before);
});

test("where another CA took its place, Pods that know the one before still trust what is served", async () => {
  addConfiguration();
  const webhook = await startReplica();
  const before = stored("ca.crt");
  world.kubernetes.remove("Secret", NAMESPACE, SECRET);
  // A replica that starts while the Secret is gone knows nothing of the CA before.
  const other = await startReplica();
  await until(() => stored("previous-ca.crt") === before || stored("ca.crt") === before);
  const now = stored("ca.crt");
  await until(async () => (await isTrusted(webhook, now)) && (await isTrusted(other, before)));
  expect(await isTrusted(webhook, before)).toBe(true);
  await until(() => [before, now].every((ca) => bundle().includes(ca)));
});

test("what others put on the Secret stays when it is changed, and so does whose it is", async () => {
  const elsewhere = "piggy-webhooks-other-ca";
  await startReplica({ PIGGY_CERTIFICATE_SECRET: elsewhere });
  const data = world.kubernetes.object("Secret", NAMESPACE, elsewhere)?.data ?? {};
  await startReplica();
  const before = stored("ca.crt");
  // As a backup brings one back.
  const metadata = {
    namespace: NAMESPACE,
    name: SECRET,
    labels: { "velero.io/restore-name": "monday" },
    annotations: { "example.com/by": "a backup" },
  };
  world.kubernetes.add({ apiVersion: "v1", kind: "Secret", type: "example.com/ca", metadata, data });
  await until(() => stored("previous-ca.crt") === before);
  const changed = world.kubernetes.object("Secret", NAMESPACE, SECRET);
  const { labels, annotations } = metadata;
  expect(changed).toMatchObject({ type: "example.com/ca", metadata: { labels, annotations } });
  expect(changed?.metadata).not.toHaveProperty("ownerReferences");
});

test("a caBundle that was emptied is set again, and what others put there stays", async () => {
  const other = await createCertificateAuthority("an older release");
  addConfiguration(other.pem);
  await startReplica();
  const ca = stored("ca.crt");
  await until(() => bundle().includes(ca));
  expect(bundle()).toContain(other.pem.trim());
  addConfiguration();
  await until(() => bundle() === ca);
});

test("a CA whose time has come is followed by one that it vouches for, and both are trusted", async () => {
  addConfiguration();
  const webhook = await startReplica({ PIGGY_CA_LIFETIME: "60s" });
  const first = stored("ca.crt");
  await until(() => stored("ca.crt") !== first);
  const second = stored("ca.crt");
  expect(stored("previous-ca.crt")).toBe(first);
  await until(() => isTrusted(webhook, second));
  expect(await isTrusted(webhook, first)).toBe(true);
  await until(() => [first, second].every((ca) => bundle().includes(ca)));
});

test("a certificate is renewed when two thirds of its life are over", async () => {
  const webhook = await startReplica({ PIGGY_CERTIFICATE_LIFETIME: "20s" });
  const made = () => webhook.log.filter(({ message }) => message === "certificate made");
  await until(() => made().length === 2);
  const [first, second] = made();
  expect(Date.parse(String(second?.["time"]))).toBeLessThan(Date.parse(String(first?.["until"])));
  expect(await isTrusted(webhook, stored("ca.crt"))).toBe(true);
});

describe("while its Secret is not to be had", () => {
  const refused = () => {
    const path = new RegExp(`/secrets/${SECRET}$`);
    return world.kubernetes.failNext({ path, status: 403, times: Number.POSITIVE_INFINITY });
  };

  const strange = () => {
    const data = { "ca.crt": "bm90aGluZw==", "ca.key": "bm90aGluZw==" };
    const metadata = { namespace: NAMESPACE, name: SECRET };
    world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata, data });
    return { end: () => {} };
  };

  test.each([
    ["the API server refuses it", refused, "403"],
    ["it holds something else", strange, "not one certificate"],
  ])("the certificate is renewed by the CA that was in it last: %s", async (_, takeAway, reason) => {
    addConfiguration();
    const webhook = await startReplica({ PIGGY_CERTIFICATE_LIFETIME: "20s" });
    const ca = stored("ca.crt");
    await until(() => bundle() === ca);
    const taken = takeAway();
    try {
      addConfiguration();
      await webhook.logged(({ message }) => message === "certificate renewed");
      expect(await isTrusted(webhook, ca)).toBe(true);
      expect(bundle()).toBe(ca);
      expect(webhook.log.filter(({ message }) => message === "CA written")).toHaveLength(1);
      expect(webhook.log.filter(({ level }) => level === "error")).toEqual([
        expect.objectContaining({
          message: "the Secret of the CA is not kept",
          reason: expect.stringContaining(reason),
        }),
      ]);
    } finally {
      taken.end();
    }
  });

  test("another CA may take its place, which counts as soon as it can be read", async () => {
    const webhook = await startReplica();
    const before = stored("ca.crt");
    const other = await createAuthority("of a backup", validityFrom(Date.now(), 60 * 60 * 1000));
    const data = format({ ...other, previous: undefined, crossSigned: undefined });
    const refusal = refused();
    try {
      await until(() => refusal.met() > 0);
      const metadata = { namespace: NAMESPACE, name: SECRET };
      world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata, stringData: data });
      const met = refusal.met();
      await until(() => refusal.met() > met);
      expect([await isTrusted(webhook, before), await isTrusted(webhook, other.cert)]).toEqual([true, false]);
    } finally {
      refusal.end();
    }
    await until(() => isTrusted(webhook, other.cert));
    expect(stored("ca.crt")).toBe(other.cert);
    expect(await isTrusted(webhook, before)).toBe(true);
  });
});

describe("a replica that starts while the Secret cannot be written", () => {
  const refusals: Ordered[] = [];
  afterEach(() => {
    for (const refusal of refusals.splice(0)) refusal.end();
  });

  const refused = (fault: Pick<Fault, "status" | "until"> & { readonly times?: number }): Ordered => {
    const path = new RegExp(`/secrets/${SECRET}$`);
    const all = { method: "PUT", path, times: Number.POSITIVE_INFINITY };
    const refusal = world.kubernetes.failNext({ ...all, ...fault });
    refusals.push(refusal);
    return refusal;
  };

  /** One that lives from then until then, in hours from now. */
  async function authority(from: number, to: number): Promise<Authority> {
    const [notBefore, notAfter] = [
      new Date(Date.now() + from * HOUR_MS),
      new Date(Date.now() + to * HOUR_MS),
    ];
    const pair = await createAuthority("piggy-webhooks", { notBefore, notAfter });
    return { ...pair, previous: undefined, crossSigned: undefined };
  }

  /** As replicas that are no more have left it. */
  function leave(kept: Authority): void {
    const metadata = { namespace: NAMESPACE, name: SECRET };
    world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata, stringData: format(kept) });
  }

  const complaints = ({ log }: WebhookProcess) => log.filter(({ level }) => level === "error");

  test.each([
    [403, "403", "forbidden"],
    [409, "changed by others all the time", "conflict"],
    [503, "503", "unavailable"],
  ])("goes on with the CA in it, although that is due: %d", async (status, reason, outcome) => {
    addConfiguration();
    const due = await authority(-3, 1);
    leave(due);
    refused({ status });
    const webhook = await startReplica();
    await webhook.ready();
    expect(await isTrusted(webhook, due.cert)).toBe(true);
    expect([bundle(), stored("ca.crt")]).toEqual([due.cert, due.cert]);
    expect(complaints(webhook)).toEqual([
      expect.objectContaining({
        message: "the Secret of the CA is not kept",
        reason: expect.stringContaining(reason),
      }),
    ]);
    const { value } = await scrape(webhook);
    expect(value("piggy_kubernetes_requests_total", { kind: "secrets", outcome })).toBeGreaterThan(0);
  });

  test("says so once, and makes the next CA as soon as it may", async () => {
    addConfiguration();
    const due = await authority(-3, 1);
    leave(due);
    const refusal = refused({ status: 403 });
    const webhook = await startReplica();
    await until(() => refusal.met() > 2);
    expect(complaints(webhook)).toHaveLength(1);
    refusal.end();
    await until(() => stored("previous-ca.crt") === due.cert);
    const next = stored("ca.crt");
    await until(() => isTrusted(webhook, next));
    expect(await isTrusted(webhook, due.cert)).toBe(true);
    await until(() => [due.cert, next].every((ca) => bundle().includes(ca)));
  });

  test("goes on with the CA in it, although the one before that has ended", async () => {
    const [before, kept] = [await authority(-30, -1), await authority(-10, 20)];
    leave({ ...kept, previous: before.cert, crossSigned: await crossSign(kept, before) });
    refused({ status: 403 });
    const webhook = await startReplica();
    expect(await isTrusted(webhook, kept.cert)).toBe(true);
    expect(complaints(webhook)).toHaveLength(1);
  });

  test("takes the CA that another replica was quicker to write", async () => {
    const due = await authority(-3, 1);
    leave(due);
    const { promise, resolve } = Promise.withResolvers<void>();
    const conflict = refused({ status: 409, times: 1, until: promise });
    const starting = startReplica();
    await until(() => conflict.met() === 1);
    const others = await authority(-1, 20);
    leave({ ...others, previous: due.cert, crossSigned: await crossSign(others, due) });
    resolve();
    const webhook = await starting;
    expect(await isTrusted(webhook, others.cert)).toBe(true);
    expect(await isTrusted(webhook, due.cert)).toBe(true);
    expect(webhook.log.filter(({ message }) => message === "CA written")).toEqual([]);
    expect(complaints(webhook)).toEqual([]);
  });

  test("waits where the CA in it has ended", async () => {
    const ended = await authority(-3, -1);
    leave(ended);
    const refusal = refused({ status: 403 });
    const starting = startReplica();
    await until(() => refusal.met() > 1);
    expect(stored("ca.crt")).toBe(ended.cert);
    refusal.end();
    const webhook = await starting;
    expect(complaints(webhook).map(({ message }) => message)).toContain("no certificate yet");
    expect(webhook.log.filter(({ message }) => message === "certificate made")).toHaveLength(1);
    expect(await isTrusted(webhook, stored("ca.crt"))).toBe(true);
  });
});

test.each([-3, 3])(
  "certificates are for the time that the API server has, which is %d h from ours",
  async (hours) => {
    const ahead = hours * 60 * 60 * 1000;
    world.kubernetes.setClockAhead(ahead);
    try {
      const { address } = await startReplica({ PIGGY_CERTIFICATE_LIFETIME: "90m" });
      const [host, port] = address.split(":");
      const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
      await new Promise((resolve) => socket.once("secureConnect", resolve));
      const served = socket.getPeerX509Certificate();
      socket.destroy();
      for (const certificate of [new X509Certificate(stored("ca.crt")), served]) {
        expect(certificate?.validFromDate.getTime()).toBeLessThan(Date.now() + ahead);
        expect(certificate?.validToDate.getTime()).toBeGreaterThan(Date.now() + ahead);
      }
    } finally {
      world.kubernetes.setClockAhead(0);
    }
  },
);

test.each([403, 503])(
  "where its Secret cannot be read the webhook says so, and goes on when it can: %d",
  async (status) => {
    const path = new RegExp(`/secrets/${SECRET}$`);
    world.kubernetes.failNext({ path, status, times: 1 });
    const webhook = await startReplica();
    expect(webhook.log).toContainEqual(
      expect.objectContaining({
        level: "error",
        message: "no certificate yet",
        reason: expect.stringContaining(String(status)),
      }),
    );
  },
);

test("a Secret that is something else is neither used nor overwritten", async () => {
  const strange = { "ca.crt": "bm90aGluZw==", "ca.key": "bm90aGluZw==" };
  const metadata = { namespace: NAMESPACE, name: SECRET };
  world.kubernetes.add({ apiVersion: "v1", kind: "Secret", metadata, data: strange });
  const before = world.kubernetes.requests.length;
  const looks = () => world.kubernetes.requests.slice(before).filter(({ path }) => path.endsWith(SECRET));
  const starting = startReplica();
  await until(() => looks().length > 2);
  expect(world.kubernetes.object("Secret", NAMESPACE, SECRET)?.data).toEqual(strange);
  world.kubernetes.remove("Secret", NAMESPACE, SECRET);
  const webhook = await starting;
  expect(webhook.log[0]).toMatchObject({
    reason: "ca.crt is not one certificate, as PEM: put back what was in the Secret, or delete it",
  });
});

test("further names are in the certificate, and one that cannot be a name ends the start", async () => {
  const webhook = await startReplica({ PIGGY_CERTIFICATE_NAMES: "piggy.example.com, *.example.org" });
  const [host, port] = webhook.address.split(":");
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const names = socket.getPeerX509Certificate()?.subjectAltName;
  socket.destroy();
  expect(names).toBe(
    [
      "DNS:piggy-webhooks.piggy-webhooks.svc",
      "DNS:piggy-webhooks.piggy-webhooks",
      "DNS:piggy-webhooks.piggy-webhooks.svc.cluster.local",
      "DNS:piggy-webhooks",
      "DNS:piggy.example.com",
      "DNS:*.example.org",
    ].join(", "),
  );
  const { exitCode, lines } = await runToItsEnd({
    ...world.environment,
    ...ENVIRONMENT,
    PIGGY_CERTIFICATE_NAMES: "not a name",
  });
  expect([exitCode, lines[0]?.["code"]]).toEqual([1, "setting_invalid"]);
});

test("a CA of its own and files exclude each other", async () => {
  const { exitCode, lines } = await runToItsEnd({ ...world.environment, PIGGY_CERTIFICATE_SECRET: SECRET });
  expect([exitCode, lines[0]?.["code"]]).toEqual([1, "setting_invalid"]);
});

test("the CA's key is in no output", async () => {
  const webhook = await startReplica();
  expect(stored("ca.key")).toContain("PRIVATE KEY");
  expect(webhook.output()).not.toContain("PRIVATE KEY");
  expect(new X509Certificate(stored("ca.crt")).ca).toBe(true);
});
