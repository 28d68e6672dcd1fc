/** PIGGY_METRICS_ADDRESS. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { freePort } from "../support/free-port.ts";
import { startWorld, type World } from "../support/world.ts";
import { runToItsEnd, whileRunning } from "./running.ts";

setDefaultTimeout(60_000);

let world: World;
let base: Readonly<Record<string, string>>;

beforeAll(async () => {
  world = await startWorld();
  base = { ...world.environment, LISTEN_ADDRESS: "127.0.0.1:0" };
});
afterAll(() => world.stop());

test(":PORT is both families' every address, without TLS", async () => {
  const port = freePort();
  await whileRunning({ ...base, PIGGY_METRICS_ADDRESS: `:${port}` }, async () => {
    for (const host of ["127.0.0.1", "[::1]"]) {
      expect((await fetch(`http://${host}:${port}/metrics`)).status).toBe(200);
    }
  });
});

test("off is nowhere, and the webhook says so", async () => {
  await whileRunning({ ...base, PIGGY_METRICS_ADDRESS: "off" }, async ({ metricsAddress, address }) => {
    expect(metricsAddress).toBe("off");
    const ready = await fetch(`https://${address}/livez`, { tls: { ca: world.authority.pem } });
    expect(ready.status).toBe(200);
  });
});

test("unset is :9090, and where another has that, a warning", async () => {
  const { PIGGY_METRICS_ADDRESS: _, ...unset } = base;
  const other = takePort(9090);
  await whileRunning(unset, async ({ metricsAddress, log }) => {
    expect(metricsAddress).toBe("off");
    const ofMetrics = log.filter(({ level, message }) => level === "warn" && !message.startsWith("PIGGY_"));
    expect(ofMetrics).toMatchObject([
      { message: "metrics and probes without TLS are off", reason: expect.stringContaining(":9090") },
    ]);
  });
  await other?.stop(true);
});

/** Undefined where somebody else has it already. */
function takePort(port: number): Bun.Server<undefined> | undefined {
  // A machine may have no IPv6.
  for (const hostname of ["::", "0.0.0.0"]) {
    try {
      return Bun.serve({ hostname, port, fetch: () => new Response("another's") });
    } catch {}
  }
  return undefined;
}

describe("one that was asked for and cannot be had ends the start:", () => {
  test.each(["nonsense", "9090", "OFF", ":70000"])("%s is no address", async (address) => {
    const { exitCode, lines } = await runToItsEnd({ ...base, PIGGY_METRICS_ADDRESS: address });
    expect(exitCode).toBe(1);
    expect(lines).toMatchObject([
      {
        level: "fatal",
        code: "setting_invalid",
        message: `PIGGY_METRICS_ADDRESS: ${JSON.stringify(address)} is not :PORT or HOST:PORT`,
      },
    ]);
  });

  test("another's", async () => {
    const taken = world.webhook.metricsAddress;
    const { exitCode, lines } = await runToItsEnd({ ...base, PIGGY_METRICS_ADDRESS: taken });
    expect(exitCode).toBe(1);
    expect(lines).toMatchObject([{ level: "fatal", code: "setting_invalid" }]);
    expect(lines[0]?.message).toStartWith(`cannot listen on ${taken}: `);
  });
});

describe("at that door", () => {
  test.each(["/", "/mutate", "/secret", "/metrics/", "/debug/pprof"])("there is no %s", async (path) => {
    const response = await fetch(`http://${world.webhook.metricsAddress}${path}`);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe("not found: GET /metrics, /healthz, /livez, /readyz\n");
  });

  test.each(["/secret", "/mutate", "/metrics"])("nothing is taken: POST %s", async (path) => {
    const response = await fetch(`http://${world.webhook.metricsAddress}${path}`, {
      method: "POST",
      body: "{}",
    });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });
});

test("the door with TLS has no numbers", async () => {
  const response = await fetch(`${world.url}/metrics`, { tls: { ca: world.authority.pem } });
  expect(response.status).toBe(404);
});
