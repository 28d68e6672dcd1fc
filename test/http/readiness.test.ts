/** When requests may come, as probes without TLS and with it are told. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scrape } from "../metrics/scrape.ts";
import { ownToken, requestOf, startPod } from "../secrets/asking.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";
import { startWebhook } from "../support/webhook.ts";
import { startWorld, type World } from "../support/world.ts";
import { whileRunning } from "./running.ts";

setDefaultTimeout(60_000);

let world: World;
let directory: string;

beforeAll(async () => {
  world = await startWorld();
  directory = await mkdtemp(join(tmpdir(), "piggy-readiness-"));
});
afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true });
});

async function probe(address: string, path: string): Promise<string> {
  const response = await fetch(`${address}${path}`, { tls: { ca: world.authority.pem } });
  return `${response.status} ${(await response.text()).trimEnd()}`;
}

const untilAnswered = (answer: string, ask: () => Promise<string>) =>
  until(async () => (await ask().catch(String)) === answer);

/** A way to the API server that is not there at first, and not for ever. */
function gateTo({ host, port }: World["kubernetes"]) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  return {
    open: (at: number) => new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve)),
    shut() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test("is when the API server has answered once, and not again when it fails later", async () => {
  const port = freePort();
  const gate = gateTo(world.kubernetes);
  const environment = {
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    KUBERNETES_SERVICE_PORT: String(port),
  };
  await whileRunning(environment, async (webhook) => {
    const doors = [`https://${webhook.address}`, `http://${webhook.metricsAddress}`];
    for (const door of doors) {
      expect(await probe(door, "/readyz")).toBe("503 the API server has not answered yet");
      expect(await probe(door, "/livez")).toBe("200 ok");
      expect(await probe(door, "/healthz")).toBe("200 ok");
    }
    await webhook.logged(({ message }) => message === "not ready: no answer yet");
    await gate.open(port);
    for (const door of doors) await untilAnswered("200 ok", () => probe(door, "/readyz"));
    await webhook.logged(({ message }) => message === "ready: the API server has answered");
    // Longer ago than this took, another started whose look at the cluster was answered: it had no need to ask again.
    const { value } = await scrape(world.webhook);
    expect(value("piggy_kubernetes_requests_total", { kind: "version" })).toBe(1);

    gate.shut();
    const pod = await startPod(world.kubernetes);
    const refused = await fetch(`${doors[0]}/secret`, {
      method: "POST",
      headers: { "X-Token": await ownToken(world.kubernetes, pod) },
      body: JSON.stringify(requestOf(pod)),
      tls: { ca: world.authority.pem },
    });
    expect(refused.status).toBe(503);
    for (const door of doors) expect(await probe(door, "/readyz")).toBe("200 ok");
    expect(webhook.log.filter(({ message }) => message.startsWith("not ready"))).toHaveLength(1);
  });
});

test("is not before a certificate is there", async () => {
  const file = join(directory, "tls.crt");
  expect(Bun.spawnSync(["mkfifo", file]).exitCode).toBe(0);
  const door = `127.0.0.1:${freePort()}`;
  const starting = startWebhook({
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    TLS_CERT_FILE: file,
    TLS_CA_FILE: world.environment["TLS_CERT_FILE"]?.replace("tls.crt", "ca.crt") ?? "",
    PIGGY_METRICS_ADDRESS: door,
  });
  const reasons = "503 no certificate is loaded; the API server has not answered yet";
  await untilAnswered(reasons, () => probe(`http://${door}`, "/readyz"));
  expect(await probe(`http://${door}`, "/livez")).toBe("200 ok");
  await writeFile(file, await readFile(world.environment["TLS_CERT_FILE"] ?? ""));
  const webhook = await starting;
  await untilAnswered("200 ok", () => probe(`https://${webhook.address}`, "/readyz"));
  await webhook.stop();
});

test("is not while it drains", async () => {
  const webhook = await startWebhook({ ...world.environment, LISTEN_ADDRESS: "127.0.0.1:0" });
  const door = `http://${webhook.metricsAddress}`;
  await untilAnswered("200 ok", () => probe(door, "/readyz"));
  webhook.signal("SIGTERM");
  await untilAnswered("503 draining", () => probe(door, "/readyz"));
  expect(await probe(door, "/livez")).toBe("200 ok");
  await webhook.stop();
});
