/** Certificates that are renewed while clients connect. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { cp, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { scrape } from "../metrics/scrape.ts";
import { startPod } from "../secrets/asking.ts";
import { until } from "../support/until.ts";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(90_000);

const NAMES = ["127.0.0.1", "piggy-webhooks.piggy-webhooks.svc"];
const CLIENTS = 4;

let world: World;
let directory: string;
let webhook: WebhookProcess;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-renewal-"));
  const { TLS_CERT_FILE = "", TLS_PRIVATE_KEY_FILE = "" } = world.environment;
  await Promise.all([
    cp(TLS_CERT_FILE, file("tls.crt")),
    cp(TLS_PRIVATE_KEY_FILE, file("tls.key")),
    writeFile(file("ca.crt"), world.authority.pem),
  ]);
  webhook = await startWebhook({
    ...world.environment,
    TLS_CERT_FILE: file("tls.crt"),
    TLS_PRIVATE_KEY_FILE: file("tls.key"),
    LISTEN_ADDRESS: "127.0.0.1:0",
  });
});
afterEach(async () => {
  await webhook.stop();
  await rm(directory, { recursive: true });
});

const file = (name: string) => join(directory, name);

/** As a file that is there whole or not at all. */
async function replace(name: string, content: string): Promise<void> {
  await writeFile(file(`${name}.new`), content);
  await rename(file(`${name}.new`), file(name));
}

async function renew(authority: CertificateAuthority = world.authority, notAfter?: Date): Promise<string> {
  const { cert, key } = await authority.issue({ names: NAMES, ...(notAfter && { notAfter }) });
  await replace("tls.key", key);
  await replace("tls.crt", cert);
  return new X509Certificate(cert).serialNumber;
}

/** Of the certificate that a new connection is shown. */
async function servedSerial(): Promise<string | undefined> {
  const [host, port] = webhook.address.split(":");
  const socket = connect({ host, port: Number(port), ca: world.authority.pem, rejectUnauthorized: false });
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  socket.once("secureConnect", () => resolve(socket.getPeerX509Certificate()?.serialNumber));
  socket.once("error", reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`https://${webhook.address}${path}`, { ...init, tls: { ca: world.authority.pem } });
}

test("clients that connect anew for each request lose none while certificates are renewed", async () => {
  let isOver = false;
  const failures: unknown[] = [];
  let answered = 0;
  const client = async () => {
    while (!isOver) {
      try {
        await (await ask("/healthz", { headers: { Connection: "close" } })).text();
        answered += 1;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  for (let times = 0; times < 3; times += 1) {
    const serial = await renew();
    await until(async () => (await servedSerial()) === serial);
  }
  const before = answered;
  await until(async () => answered > before + 100);
  isOver = true;
  await Promise.all(clients);
  expect(failures).toEqual([]);
});

test("once a certificate is renewed every new connection is led to it, and none waits at the socket before", async () => {
  const serial = await renew();
  await webhook.logged(({ message }) => message === "certificate renewed");
  const served = await Promise.all(Array.from({ length: 40 }, servedSerial));
  expect([...new Set(served)]).toEqual([serial]);
});

test("a connection that was kept has its next request answered, and is told that it ends", async () => {
  const [hostname = "", port] = webhook.address.split(":");
  let received = "";
  const { promise: isReady, resolve } = Promise.withResolvers<void>();
  const { promise: isClosed, resolve: close } = Promise.withResolvers<void>();
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    tls: { ca: world.authority.pem },
    socket: {
      handshake: () => resolve(),
      data: (_, chunk) => {
        received += chunk.toString().toLowerCase();
      },
      close: () => close(),
    },
  });
  await isReady;
  const request = "GET /healthz HTTP/1.1\r\nHost: piggy\r\n\r\n";
  socket.write(request);
  await until(async () => received.endsWith("ok\n"));
  expect(received).not.toContain("connection: close");
  await renew();
  await webhook.logged(({ message }) => message === "certificate renewed");
  received = "";
  socket.write(request);
  await isClosed;
  expect(received).toStartWith("http/1.1 200 ok");
  expect(received).toContain("connection: close");
});

test("a certificate without its key is not served, which is said once, and the one before goes on", async () => {
  const before = await servedSerial();
  const { cert } = await world.authority.issue({ names: NAMES });
  await replace("tls.crt", cert);
  const said = await webhook.logged(({ level }) => level === "error");
  expect(said).toMatchObject({ message: "the certificate is not renewed" });
  expect(said["reason"]).toContain("are not a certificate and its key");
  expect(await servedSerial()).toBe(before);
  const serial = await renew();
  await until(async () => (await servedSerial()) === serial);
  expect(webhook.log.filter(({ level }) => level === "error")).toHaveLength(1);
});

test("Pods get the CA that stands beside the certificate now", async () => {
  const other = await createCertificateAuthority("the CA after this one");
  await replace("ca.crt", `${world.authority.pem}${other.pem}`);
  await webhook.logged(({ message }) => message === "certificate renewed");
  world.kubernetes.webhook = { url: `https://${webhook.address}`, caPem: world.authority.pem };
  const { stored } = await startPod(world.kubernetes);
  const given = stored.spec.containers[0]?.env?.find(({ name }) => name === "PIGGY_CA");
  expect(given?.value).toBe(`${world.authority.pem}${other.pem}`);
});

test("a port whose certificate was renewed is still refused to a second server", async () => {
  await renew();
  await webhook.logged(({ message }) => message === "certificate renewed");
  const second = startWebhook({ ...world.environment, LISTEN_ADDRESS: webhook.address });
  await expect(second).rejects.toThrow("cannot listen on");
});

test("the process ends when it is told to, after a renewal as before", async () => {
  const serial = await renew();
  await until(async () => (await servedSerial()) === serial);
  await webhook.logged(({ message }) => message === "certificate renewed");
  webhook.signal("SIGTERM");
  expect(await webhook.exited).toBe(0);
});

test("the metrics say when the renewed certificate expires", async () => {
  const expiry = async () => (await scrape(webhook)).value("piggy_tls_certificate_expiry_timestamp_seconds");
  const soon = Math.floor(Date.now() / 1000) + 3_600;
  expect(await expiry()).not.toBe(soon);
  await renew(world.authority, new Date(soon * 1000));
  await until(async () => (await expiry()) === soon);
});
