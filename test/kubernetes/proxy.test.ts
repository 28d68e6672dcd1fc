import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AwsFake, startAws } from "../fakes/aws.ts";
import { type ProxyFake, startProxy } from "../fakes/proxy.ts";
import { ownToken, requestOf, secretDoor, started } from "../secrets/asking.ts";
import { startWebhook } from "../support/webhook.ts";
import { REGION, startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

let world: World;
let aws: AwsFake;
let proxy: ProxyFake;
let directory: string;

beforeAll(async () => {
  world = await startWorld();
  aws = await startAws({ tls: await world.authority.issue({ names: ["localhost"] }) });
  const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } =
    world.environment;
  aws.addUser({ accessKeyId, secretAccessKey });
  for (const store of [aws, world.aws]) {
    store.putSecret({
      region: REGION,
      name: "shop/cart",
      value: JSON.stringify({ password: "hush-password" }),
    });
  }
  world.registry.pushImage("shop/cart", "1", { Entrypoint: ["/bin/cart"], Cmd: ["--serve"] });
  proxy = startProxy();
  directory = await mkdtemp(join(tmpdir(), "piggy-proxy-"));
  await writeFile(join(directory, "ca.crt"), world.authority.pem);
});
afterAll(async () => {
  await Promise.all([proxy.stop(), aws.stop(), world.stop()]);
  await rm(directory, { recursive: true });
});

/** Admits a Pod whose image must be looked up and answers its request for secrets; what the proxy saw of it all. */
async function proxied(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { kubernetes, authority } = world;
  const webhook = await startWebhook({
    ...world.environment,
    NODE_EXTRA_CA_CERTS: join(directory, "ca.crt"),
    LISTEN_ADDRESS: "127.0.0.1:0",
    ...environment,
  });
  const before = proxy.requests.length;
  const asked = kubernetes.requests.length;
  try {
    kubernetes.webhook = { url: `https://${webhook.address}`, caPem: authority.pem };
    const creation = await kubernetes.createPod({
      metadata: {
        namespace: "shop",
        generateName: "cart-",
        annotations: { "piggysec.com/aws-secret-name": "shop/cart" },
      },
      spec: {
        containers: [
          {
            name: "app",
            image: `${world.registry.host}/shop/cart:1`,
            env: [{ name: "PASSWORD", value: "piggy:password" }],
            envFrom: [{ configMapRef: { name: "settings", optional: true } }],
          },
        ],
      },
    });
    if (!creation.allowed) throw new Error(creation.status.message);
    const pod = started(creation.pod, ["/bin/cart", "--serve"]);
    const door = secretDoor(webhook, authority.pem);
    const answer = await door.ask(await ownToken(kubernetes, pod), requestOf(pod));
    expect([answer.status, answer.body]).toEqual([200, '{"password":"hush-password"}']);
  } finally {
    await webhook.stop();
  }
  // A ConfigMap and a ServiceAccount that we may not read; then a Pod and a TokenReview, side by side.
  const statuses = kubernetes.requests.slice(asked).map(({ status }) => status);
  expect([...statuses.slice(0, 2), ...statuses.slice(2).sort()]).toEqual([404, 403, 200, 201]);
  return [
    ...new Set(proxy.requests.slice(before).map(({ method, target }) => `${method} ${target}`)),
  ].toSorted();
}

const connectTo = (...urls: readonly string[]) =>
  urls.map((url) => `CONNECT ${new URL(url).host}`).toSorted();

describe.each(["HTTPS_PROXY", "https_proxy"])("with %s", (variable) => {
  const throughTls = () => ({ [variable]: proxy.url, AWS_ENDPOINT_URL: aws.url });

  test("AWS and the registry are asked through the proxy, the API server is not", async () => {
    expect(await proxied(throughTls())).toEqual(connectTo(aws.url, world.registry.url));
  });

  test.each(["NO_PROXY", "no_proxy"])(
    "nothing is asked through the proxy that %s names",
    async (exemption) => {
      expect(await proxied({ ...throughTls(), [exemption]: "localhost" })).toEqual([]);
    },
  );

  test("what NO_PROXY does not name is asked through the proxy all the same", async () => {
    const [, registryPort] = world.registry.host.split(":");
    const exempt = { NO_PROXY: `example.com,localhost:${registryPort}` };
    expect(await proxied({ ...throughTls(), ...exempt })).toEqual(connectTo(aws.url));
  });

  test("what is asked without TLS goes its own way", async () => {
    expect(await proxied({ [variable]: proxy.url })).toEqual(connectTo(world.registry.url));
  });
});

test("with HTTP_PROXY alone only what is asked without TLS goes through the proxy", async () => {
  expect(await proxied({ HTTP_PROXY: proxy.url })).toEqual([`POST ${world.aws.url}/`]);
});

test("without a proxy there is nothing for one to see", async () => {
  expect(await proxied({})).toEqual([]);
});
