import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { ownToken, requestOf, startPod } from "../secrets/asking.ts";
import { until } from "../support/until.ts";
import { startWebhook, type WebhookProcess } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

/** Longer than the webhook serves on after it was told to go, shorter than it waits for the last requests. */
const SLOW_MS = 7_000;
const LONGEST_END_MS = 25_000;

let world: World;

beforeAll(async () => {
  world = await startWorld();
  const value = JSON.stringify({ password: "hush-password" });
  world.aws.putSecret({ region: REGION, name: "shop/cart", value });
});
afterAll(() => world.stop());

const startAnother = () => startWebhook({ ...world.environment, LISTEN_ADDRESS: "127.0.0.1:0" });

async function ended({ exited }: WebhookProcess): Promise<number | "still running"> {
  return Promise.race([exited, Bun.sleep(LONGEST_END_MS).then(() => "still running" as const)]);
}

test.concurrent.each(["SIGTERM", "SIGINT"] as const)(
  "on %s what is under way is answered, what comes is served, and the process ends with 0",
  async (signal) => {
    const webhook = await startAnother();
    const pod = await startPod(world.kubernetes);
    const token = await ownToken(world.kubernetes, pod);
    const request = (path: string, init: RequestInit = {}) =>
      fetch(`https://${webhook.address}${path}`, { ...init, tls: { ca: world.authority.pem } });
    const askSecret = () =>
      request("/secret", {
        method: "POST",
        headers: { "X-Token": token },
        body: JSON.stringify(requestOf(pod)),
      });
    const connectionOf = async (path: string) => (await request(path)).headers.get("connection");

    await webhook.ready();
    expect((await request("/readyz")).status).toBe(200);
    expect(await connectionOf("/livez")).not.toBe("close");
    const path = new RegExp(`/pods/${pod.name}\\b`);
    const slow = world.kubernetes.failNext({ path, status: 404, times: 1, delayMs: SLOW_MS });
    const underWay = askSecret();
    await until(() => slow.met() === 1);
    webhook.signal(signal);

    await until(async () => (await request("/readyz")).status === 503);
    expect(await (await request("/readyz")).text()).toBe("draining\n");
    // A second signal neither ends it sooner nor starts the wait again.
    webhook.signal(signal);

    const served = await askSecret();
    expect([served.status, await served.text()]).toEqual([200, '{"password":"hush-password"}']);
    expect(served.headers.get("connection")).toBe("close");
    expect(await connectionOf("/livez")).toBe("close");

    const answered = await underWay;
    expect([answered.status, await answered.text()]).toEqual([200, '{"password":"hush-password"}']);
    expect(await ended(webhook)).toBe(0);
    expect(webhook.log.filter(({ message }) => message === "draining")).toHaveLength(1);
    expect(webhook.log.at(-1)).toMatchObject({ level: "info", message: "stopped" });
    await expect(request("/healthz")).rejects.toThrow();
  },
);

test.concurrent("an idle connection that a client never closes does not keep the process", async () => {
  const webhook = await startAnother();
  const [hostname = "", port] = webhook.address.split(":");
  const tls = { ca: world.authority.pem };
  const { promise: isReady, resolve: handshake } = Promise.withResolvers<void>();
  let answer = "";
  const data = (_: unknown, bytes: Uint8Array) => {
    answer += Buffer.from(bytes);
  };
  const handlers = { data, handshake: () => handshake() };
  const socket = await Bun.connect({ hostname, port: Number(port), tls, socket: handlers });
  await isReady;
  socket.write("GET /healthz HTTP/1.1\r\nHost: piggy\r\n\r\n");
  await until(() => answer.endsWith("ok\n"));
  webhook.signal("SIGTERM");
  expect(await ended(webhook)).toBe(0);
  socket.end();
});
