/** Mirrors of a registry, and what they are asked and shown. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createImageCache } from "../../lib/registry/image-cache.ts";
import { parseMirrors } from "../../lib/registry/source.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { startWebhook } from "../support/webhook.ts";
import { startWorld } from "../support/world.ts";
import { type Asking, askFor } from "./asking.ts";
import { caught } from "./caught.ts";
import { BROKEN, serveBytes, stopServing } from "./origins.ts";

setDefaultTimeout(60_000);

const ALICE = { username: "alice", password: "wonderland" };
const BOB = { username: "bob", password: "builder" };

const stops: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all([...stops.splice(0).map((stop) => stop()), stopServing()]);
});

function registryOf(entrypoint: string, options: Parameters<typeof startRegistry>[0] = {}): RegistryFake {
  const registry = startRegistry(options);
  stops.push(() => registry.stop());
  registry.pushImage("team/app", "1", { Entrypoint: [entrypoint] });
  return registry;
}

interface Mirror {
  readonly url: string;
  readonly heard: readonly string[];
}

/** A mirror that keeps a registry's images below `/v2/hub`. */
function mirrorOf(registry: RegistryFake): Mirror {
  const heard: string[] = [];
  return serving(heard, (path, request) => {
    heard.push(`${path}${new URL(request.url).search}`);
    return fetch(`${registry.url}${path.replace("/v2/hub/", "/v2/")}`, {
      headers: { accept: request.headers.get("accept") ?? "" },
    });
  });
}

function failing(respond: () => Response | Promise<Response>): Mirror {
  const heard: string[] = [];
  return serving(heard, (path) => {
    heard.push(path);
    return respond();
  });
}

function serving(
  heard: readonly string[],
  answer: (path: string, request: Request) => Response | Promise<Response>,
): Mirror {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: (request) => answer(new URL(request.url).pathname, request),
  });
  stops.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, heard };
}

/** Asks for the image by its registry's name, which has these mirrors. */
function ask(registry: RegistryFake, mirrors: readonly string[], asking: Asking = {}) {
  const origins = [registry.url, ...mirrors.map((mirror) => new URL(mirror).origin)];
  const setting = mirrors.map((mirror) => `${registry.host}=${mirror}`).join(", ");
  return askFor(`${registry.host}/team/app:1`, origins, { mirrors: setting, ...asking });
}

describe("a mirror", () => {
  test("is asked in place of its registry, and told which registry is meant", async () => {
    const upstream = registryOf("/bin/upstream");
    const mirror = mirrorOf(registryOf("/bin/mirrored"));
    expect((await ask(upstream, [`${mirror.url}/v2/hub`])).entrypoint).toEqual(["/bin/mirrored"]);
    expect(upstream.requests).toEqual([]);
    const ns = encodeURIComponent(upstream.host);
    expect(mirror.heard).toEqual([
      `/v2/hub/team/app/manifests/1?ns=${ns}`,
      expect.stringMatching(new RegExp(`^/v2/hub/team/app/blobs/sha256:[0-9a-f]{64}\\?ns=${ns}$`)),
    ]);
  });

  test.each<[string, () => Response]>([
    ["does not have the image", () => new Response(null, { status: 404 })],
    ["fails", () => new Response(null, { status: 500 })],
    ["is asked too often", () => new Response(null, { status: 429 })],
    ["lets nobody in", () => new Response(null, { status: 403 })],
    ["answers nonsense", () => new Response("<html>")],
  ])("that %s is passed over for the next", async (_, respond) => {
    const upstream = registryOf("/bin/upstream");
    const [first, second] = [failing(respond), mirrorOf(registryOf("/bin/mirrored"))];
    const { entrypoint } = await ask(upstream, [first.url, `${second.url}/v2/hub`]);
    expect(entrypoint).toEqual(["/bin/mirrored"]);
    expect(first.heard).toEqual(["/v2/team/app/manifests/1"]);
  });

  test.each(BROKEN)("whose answer %s is passed over for the registry itself", async (_, bytes) => {
    const upstream = registryOf("/bin/upstream");
    expect((await ask(upstream, [serveBytes(bytes).url])).entrypoint).toEqual(["/bin/upstream"]);
  });

  test("that cannot be reached is passed over for the registry itself", async () => {
    const upstream = registryOf("/bin/upstream");
    const gone = startRegistry();
    await gone.stop();
    expect((await ask(upstream, [gone.url])).entrypoint).toEqual(["/bin/upstream"]);
  });

  test("that is silent leaves half of the time to the registry itself", async () => {
    const upstream = registryOf("/bin/upstream");
    const silent = failing(() => new Promise<Response>(() => {}));
    const asking = { remainingMs: 400, signal: AbortSignal.timeout(10_000) };
    expect((await ask(upstream, [silent.url], asking)).entrypoint).toEqual(["/bin/upstream"]);
  });

  test("is named where the registry itself fails too", async () => {
    const upstream = registryOf("/bin/upstream");
    const mirror = failing(() => new Response(null, { status: 500 }));
    upstream.failNext({ status: 404, times: 1 });
    const { code, message } = await caught(() => ask(upstream, [mirror.url]));
    expect(code).toBe("image_not_found");
    expect(message).toContain(`before it a mirror: ${mirror.url} answers 500`);
  });

  test("of two registries has an answer for each of them", async () => {
    const [one, two] = [registryOf("/bin/one"), registryOf("/bin/two")];
    const mirror = serving([], (path, request) => {
      const { host } = new URL(request.url).searchParams.get("ns") === one.host ? one : two;
      return fetch(`http://${host}${path}`, { headers: { accept: request.headers.get("accept") ?? "" } });
    });
    const cache = createImageCache();
    expect((await ask(one, [mirror.url], { cache })).entrypoint).toEqual(["/bin/one"]);
    expect((await ask(two, [mirror.url], { cache })).entrypoint).toEqual(["/bin/two"]);
  });

  test("has answers of its own, which are kept apart from its registry's", async () => {
    const upstream = registryOf("/bin/upstream");
    const mirror = registryOf("/bin/mirrored");
    const cache = createImageCache();
    expect((await ask(upstream, [], { cache })).entrypoint).toEqual(["/bin/upstream"]);
    expect((await ask(upstream, [mirror.url], { cache })).entrypoint).toEqual(["/bin/mirrored"]);
  });
});

test("a mirror is shown the credentials of its own host, and the registry its own", async () => {
  const users = { alice: ALICE.password };
  const mirror = startRegistry({ auth: { kind: "basic", users: { bob: BOB.password } } });
  stops.push(() => mirror.stop());
  mirror.pushImage("hub/private/app", "1", { Entrypoint: ["/bin/mirrored"] });
  const shown: string[] = [];
  const collector = serving(shown, (_, request) => {
    shown.push(request.headers.get("authorization") ?? "none");
    return new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } });
  });
  const world = await startWorld({ registry: { auth: { kind: "basic", users } } });
  stops.push(() => world.stop());
  const { host } = world.registry;
  world.registry.pushImage("private/app", "1", { Entrypoint: ["/bin/upstream"] });

  const webhook = await startWebhook({
    ...world.environment,
    LISTEN_ADDRESS: "127.0.0.1:0",
    PIGGY_REGISTRY_ORIGINS: `${world.registry.url},${mirror.url},${collector.url}`,
    PIGGY_REGISTRY_MIRRORS: `${host}=${collector.url},${host}=${mirror.url}/v2/hub`,
  });
  stops.push(() => webhook.stop());
  world.kubernetes.webhook = { url: `https://${webhook.address}`, caPem: world.authority.pem };
  const argsWith = async (auths: object) => {
    const name = `pull-${crypto.randomUUID()}`;
    world.kubernetes.add({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "shop", name },
      stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
    });
    const creation = await world.kubernetes.createPod({
      metadata: {
        namespace: "shop",
        generateName: "app-",
        annotations: { "piggysec.com/aws-secret-name": "shop/app" },
      },
      spec: {
        imagePullSecrets: [{ name }],
        containers: [
          { name: "app", image: `${host}/private/app:1`, env: [{ name: "P", value: "piggy:password" }] },
        ],
      },
    });
    return creation.allowed ? creation.pod.spec.containers[0]?.args : creation.status.message;
  };
  expect(await argsWith({ [host]: ALICE })).toEqual(["--", "/bin/upstream"]);
  expect(await argsWith({ [`${mirror.host}/hub/private`]: BOB })).toEqual(["--", "/bin/mirrored"]);
  expect([...new Set(shown)]).toEqual(["none"]);
});

describe("PIGGY_REGISTRY_MIRRORS", () => {
  const trusted = new Set(["http://plain.example.com:5000"]);

  test.each([
    ["docker.io=https://m.example.com", "docker.io", ["https://m.example.com/v2"]],
    ["docker.io = https://m.example.com/", "docker.io", ["https://m.example.com/v2"]],
    ["index.docker.io=https://m.example.com/v2", "docker.io", ["https://m.example.com/v2"]],
    ["quay.io=https://m.example.com/proxy/", "quay.io", ["https://m.example.com/proxy/v2"]],
    ["quay.io=https://m.example.com/v2/quay/", "quay.io", ["https://m.example.com/v2/quay"]],
    [
      "a.io:5000=https://1.example.com,,a.io:5000=https://2.example.com:8443",
      "a.io:5000",
      ["https://1.example.com/v2", "https://2.example.com:8443/v2"],
    ],
    ["quay.io=http://plain.example.com:5000", "quay.io", ["http://plain.example.com:5000/v2"]],
  ])("%s", (text, domain, roots) => {
    expect([...parseMirrors(text, trusted)]).toEqual([[domain, roots]]);
  });

  test.each([
    "https://m.example.com",
    "docker.io",
    "docker.io=",
    "=https://m.example.com",
    "hub=https://m.example.com",
    "docker.io=m.example.com",
    "docker.io=ftp://m.example.com",
    "docker.io=https://u:p@m.example.com",
    "docker.io=https://m.example.com/?ns=x",
    "docker.io/library=https://m.example.com",
    "quay.io=http://m.example.com",
  ])("is refused: %s", async (text) => {
    const { code, message } = await caught(() => parseMirrors(text, trusted));
    expect([code, message]).toEqual(["setting_invalid", expect.stringContaining("PIGGY_REGISTRY_MIRRORS")]);
  });
});
