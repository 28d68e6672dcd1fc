import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { createCertificateAuthority } from "./certificates";
import { type RegistryFake, type RegistryOptions, startRegistry } from "./registry";

const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const ALL = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].join(", ");
const CONFIG = { Entrypoint: ["/app"], Cmd: ["--serve", "ü"], Env: ["PATH=/bin"] };
const PLATFORMS = [
  { os: "linux", architecture: "arm64", variant: "v8", config: { Cmd: ["arm"] } },
  { os: "linux", architecture: "amd64", config: { Cmd: ["amd"] } },
];

const running: RegistryFake[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((registry) => registry.stop()));
});

describe("a manifest", () => {
  test.each([
    { format: "oci", type: OCI_MANIFEST },
    { format: "docker", type: DOCKER_MANIFEST },
  ] as const)("in $format format is served by tag and by digest, and leads to its config", async (row) => {
    const registry = start();
    const { digest } = registry.pushImage("team/app", "1.0", CONFIG, { format: row.format });
    for (const reference of ["1.0", digest, encodeURIComponent(digest)]) {
      const response = await manifest(registry, "team/app", reference);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(row.type);
      expect(response.headers.get("docker-content-digest")).toBe(digest);
      const body = await response.bytes();
      expect(sha256(body)).toBe(digest);
      const parsed = parse(body);
      expect(at(parsed, "mediaType")).toBe(row.type);
      const layers = list(at(parsed, "layers"));
      for (const each of [at(parsed, "config"), ...layers]) {
        const blob = await (await getBlob(registry, "team/app", at(each, "digest"))).bytes();
        expect(each).toMatchObject({ digest: sha256(blob), size: blob.length });
      }
      const image = await (await getBlob(registry, "team/app", at(parsed, "config", "digest"))).json();
      expect(image).toMatchObject({ os: "linux", architecture: "amd64", config: CONFIG });
      expect(at(image, "rootfs", "diff_ids")).toHaveLength(layers.length);
      expect(at(image, "history")).toHaveLength(layers.length);
    }
  });

  test("is described by HEAD without a body", async () => {
    const registry = start();
    const { digest } = registry.pushImage("app", "1", CONFIG);
    const body = await (await manifest(registry, "app", "1")).bytes();
    const url = `${registry.url}/v2/app/manifests/1`;
    const response = await get(url, { method: "HEAD", headers: { accept: ALL } });
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect(response.headers.get("content-length")).toBe(String(body.length));
    expect(await response.text()).toBe("");
    expect(registry.requests.at(-1)).toEqual({
      method: "HEAD",
      path: "/v2/app/manifests/1",
      authorization: "none",
      status: 200,
    });
  });

  test("stays under its digest when its tag moves", async () => {
    const registry = start();
    const before = registry.pushImage("app", "1", CONFIG);
    const after = registry.pushImage("app", "1", { Cmd: ["new"] });
    expect(after.digest).not.toBe(before.digest);
    expect(await digestOf(manifest(registry, "app", "1"))).toBe(after.digest);
    expect(await digestOf(manifest(registry, "app", before.digest))).toBe(before.digest);
  });

  test("of schema 1 comes whatever the client accepts", async () => {
    const registry = start();
    const { digest } = registry.pushSchema1("old", "1");
    const response = await manifest(registry, "old", "1");
    expect(response.headers.get("content-type")).toBe(
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
    );
    const body = await response.bytes();
    expect(sha256(body)).toBe(digest);
    expect(parse(body)).toMatchObject({ schemaVersion: 1, name: "old", tag: "1" });
  });
});

describe("an image of several platforms", () => {
  test.each([
    { format: "oci", type: OCI_INDEX, child: OCI_MANIFEST },
    { format: "docker", type: DOCKER_LIST, child: DOCKER_MANIFEST },
  ] as const)("in $format format is a list of images with configs of their own", async (row) => {
    const registry = start();
    const { digest } = registry.pushImage("app", "1", {}, { format: row.format, platforms: PLATFORMS });
    const response = await manifest(registry, "app", "1");
    expect(response.headers.get("content-type")).toBe(row.type);
    const body = await response.bytes();
    expect(sha256(body)).toBe(digest);
    const manifests = list(at(parse(body), "manifests"));
    expect(manifests.map((each) => at(each, "platform"))).toEqual([
      { os: "linux", architecture: "arm64", variant: "v8" },
      { os: "linux", architecture: "amd64" },
    ]);
    for (const [index, each] of manifests.entries()) {
      expect(at(each, "mediaType")).toBe(row.child);
      const child = await (await manifest(registry, "app", String(at(each, "digest")))).json();
      const image = await (await getBlob(registry, "app", at(child, "config", "digest"))).json();
      expect(image).toMatchObject({ ...PLATFORMS[index] });
    }
  });
});

describe("content negotiation", () => {
  test.each([
    { what: "an OCI manifest", options: {}, accept: DOCKER_MANIFEST },
    { what: "an OCI manifest", options: {}, accept: "*/*" },
    { what: "an OCI index", options: { platforms: PLATFORMS }, accept: `${OCI_MANIFEST}, ${DOCKER_LIST}` },
  ])("does not find $what for $accept", async ({ options, accept }) => {
    const registry = start();
    const { digest } = registry.pushImage("app", "1", CONFIG, options);
    for (const reference of ["1", digest]) {
      await expectError(manifest(registry, "app", reference, accept), 404, "MANIFEST_UNKNOWN");
    }
  });

  test("gives linux/amd64 of a tagged Docker list to a client without lists", async () => {
    const registry = start();
    const { digest } = registry.pushImage("app", "1", {}, { format: "docker", platforms: PLATFORMS });
    const index = await (await manifest(registry, "app", "1")).json();
    const response = await manifest(registry, "app", "1", DOCKER_MANIFEST);
    expect(response.headers.get("content-type")).toBe(DOCKER_MANIFEST);
    expect(await digestOf(Promise.resolve(response))).toBe(String(at(index, "manifests", 1, "digest")));
    expect(await digestOf(manifest(registry, "app", digest, DOCKER_MANIFEST))).toBe(digest);
    await expectError(manifest(registry, "app", "1", "*/*"), 400, "MANIFEST_INVALID");
  });

  test("finds nothing in a Docker list without linux/amd64 for a client without lists", async () => {
    const registry = start();
    registry.pushImage("app", "1", {}, { format: "docker", platforms: PLATFORMS.slice(0, 1) });
    await expectError(manifest(registry, "app", "1", DOCKER_MANIFEST), 404, "MANIFEST_UNKNOWN");
  });

  test("reads parameters in Accept", async () => {
    const registry = start();
    const { digest } = registry.pushImage("app", "1", CONFIG);
    expect(await digestOf(manifest(registry, "app", "1", `text/html,${OCI_MANIFEST};q=0.5`))).toBe(digest);
  });
});

describe("what is not there", () => {
  test.each([
    { path: "/v2/app/manifests/2", status: 404, code: "MANIFEST_UNKNOWN" },
    { path: `/v2/app/manifests/sha256:${"0".repeat(64)}`, status: 404, code: "MANIFEST_UNKNOWN" },
    { path: `/v2/app/blobs/sha256:${"0".repeat(64)}`, status: 404, code: "BLOB_UNKNOWN" },
    { path: "/v2/other/manifests/1", status: 404, code: "NAME_UNKNOWN" },
  ])("$path is $code", async ({ path, status, code }) => {
    const registry = start();
    registry.pushImage("app", "1", CONFIG);
    await expectError(get(registry.url + path, { headers: { accept: ALL } }), status, code);
  });

  test("a path outside the specification is a plain 404, a push is unsupported", async () => {
    const registry = start();
    expect((await get(`${registry.url}/v2/UPPER/manifests/1`)).status).toBe(404);
    await expectError(get(`${registry.url}/v2/app/manifests/1`, { method: "PUT" }), 405, "UNSUPPORTED");
  });
});

describe("redirected blobs", () => {
  test("are found behind a signed URL, and only there", async () => {
    const registry = start({ redirectBlobs: true });
    registry.pushImage("team/app", "1", CONFIG);
    const image = await (await manifest(registry, "team/app", "1")).json();
    const digest = String(at(image, "config", "digest"));
    const url = `${registry.url}/v2/team/app/blobs/${digest}`;
    const response = await get(url, { redirect: "manual" });
    expect(response.status).toBe(307);
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.pathname).not.toStartWith("/v2/");
    expect(sha256(await (await get(location.href)).bytes())).toBe(digest);
    expect(sha256(await (await get(url)).bytes())).toBe(digest);
    location.searchParams.set("X-Amz-Signature", "0");
    expect((await get(location.href)).status).toBe(403);
  });
});

describe("basic authentication", () => {
  const auth = { kind: "basic", users: { user: "pass:word" } } as const;

  test("challenges, refuses a bad login and lets a good one in", async () => {
    const registry = start({ auth });
    registry.pushImage("app", "1", CONFIG);
    for (const path of ["/v2/", "/v2/app/manifests/1", "/v2/nothing/manifests/1"]) {
      const response = await expectError(get(registry.url + path), 401, "UNAUTHORIZED");
      expect(response.headers.get("www-authenticate")).toBe('Basic realm="registry"');
    }
    const bad = { accept: ALL, authorization: basic("user", "pass") };
    await expectError(get(`${registry.url}/v2/app/manifests/1`, { headers: bad }), 401, "UNAUTHORIZED");
    const good = { accept: ALL, authorization: basic("user", "pass:word") };
    expect((await get(`${registry.url}/v2/`, { headers: good })).status).toBe(200);
    expect((await get(`${registry.url}/v2/app/manifests/1`, { headers: good })).status).toBe(200);
    expect(registry.requests.map(({ authorization, status }) => `${authorization} ${status}`)).toEqual([
      ...["none 401", "none 401", "none 401"],
      ...["basic 401", "basic 200", "basic 200"],
    ]);
  });

  test("is not needed where there is none", async () => {
    expect((await get(`${start().url}/v2/`)).status).toBe(200);
  });
});

describe("bearer authentication", () => {
  const auth = { kind: "bearer", users: { user: "pass" } } as const;

  test("leads from the challenge to a token to the image", async () => {
    const registry = start({ auth });
    const { digest } = registry.pushImage("team/app", "1", CONFIG);
    const root = await expectError(get(`${registry.url}/v2/`), 401, "UNAUTHORIZED");
    expect(root.headers.get("www-authenticate")).toBe(
      `Bearer realm="${registry.url}/token",service="registry.test"`,
    );
    const refused = await expectError(manifest(registry, "team/app", "1"), 401, "UNAUTHORIZED");
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer realm="${registry.url}/token",service="registry.test",scope="repository:team/app:pull"`,
    );
    const issued = await (await login(registry, "repository:team/app:pull", basic("user", "pass"))).json();
    const token = String(at(issued, "token"));
    expect(issued).toMatchObject({ access_token: token, expires_in: 300 });
    expect(await digestOf(manifest(registry, "team/app", "1", ALL, `Bearer ${token}`))).toBe(digest);
    expect(registry.requests.at(-1)?.authorization).toBe("bearer");
  });

  test("binds a token to its repositories", async () => {
    const registry = start({ auth });
    for (const name of ["a", "b", "c"]) registry.pushImage(name, "1", CONFIG);
    const scope = "repository:a:pull repository:b:push,pull repository:c:push";
    const token = await tokenOf(login(registry, scope, basic("user", "pass")));
    expect((await manifest(registry, "a", "1", ALL, token)).status).toBe(200);
    expect((await manifest(registry, "b", "1", ALL, token)).status).toBe(200);
    const response = await expectError(manifest(registry, "c", "1", ALL, token), 401, "UNAUTHORIZED");
    expect(response.headers.get("www-authenticate")).toEndWith(',error="insufficient_scope"');
  });

  test("refuses a token after its time, and one it never gave", async () => {
    let now = Date.now();
    const registry = start({ auth: { ...auth, tokenSeconds: 60 }, now: () => now });
    registry.pushImage("app", "1", CONFIG);
    const token = await tokenOf(login(registry, "repository:app:pull", basic("user", "pass")));
    now += 59_999;
    expect((await manifest(registry, "app", "1", ALL, token)).status).toBe(200);
    now += 1;
    for (const each of [token, "Bearer made-up"]) {
      const response = await expectError(manifest(registry, "app", "1", ALL, each), 401, "UNAUTHORIZED");
      expect(response.headers.get("www-authenticate")).toEndWith(',error="invalid_token"');
    }
  });

  test("refuses a bad login, an anonymous one, another service, and a password in place of a token", async () => {
    const registry = start({ auth });
    registry.pushImage("app", "1", CONFIG);
    const scope = "repository:app:pull";
    await expectError(login(registry, scope, basic("user", "wrong")), 401, "UNAUTHORIZED");
    await expectError(login(registry, scope), 401, "UNAUTHORIZED");
    await expectError(login(registry, scope, basic("user", "pass"), "other.test"), 400, "UNSUPPORTED");
    await expectError(manifest(registry, "app", "1", ALL, basic("user", "pass")), 401, "UNAUTHORIZED");
  });

  test("gives tokens without a login when anonymous, yet none for a bad login", async () => {
    const registry = start({ auth: { ...auth, anonymous: true } });
    registry.pushImage("app", "1", CONFIG);
    const token = await tokenOf(login(registry, "repository:app:pull"));
    expect((await manifest(registry, "app", "1", ALL, token)).status).toBe(200);
    await expectError(login(registry, "repository:app:pull", basic("user", "wrong")), 401, "UNAUTHORIZED");
  });
});

describe("failNext", () => {
  test("fails as often as told, with its headers, and then no more", async () => {
    const registry = start();
    registry.pushImage("app", "1", CONFIG);
    registry.failNext({ status: 429, times: 2, headers: { "retry-after": "7" } });
    registry.failNext({ status: 503, times: 1 });
    for (const _ of [1, 2]) {
      const response = await expectError(manifest(registry, "app", "1"), 429, "TOOMANYREQUESTS");
      expect(response.headers.get("retry-after")).toBe("7");
    }
    await expectError(manifest(registry, "app", "1"), 503, "UNKNOWN");
    expect((await manifest(registry, "app", "1")).status).toBe(200);
    expect(registry.requests.map(({ status }) => status)).toEqual([429, 429, 503, 200]);
  });
});

describe("over TLS", () => {
  test("is reached at localhost by a client that trusts the authority", async () => {
    const authority = await createCertificateAuthority();
    const registry = start({ tls: await authority.issue({ names: ["localhost"] }) });
    expect(registry.host).toMatch(/^localhost:\d+$/);
    expect(registry.url).toBe(`https://${registry.host}`);
    const response = await get(`${registry.url}/v2/`, { tls: { ca: authority.pem } });
    expect(response.status).toBe(200);
    await expect(get(`${registry.url}/v2/`)).rejects.toThrow();
  });

  test("gives way to plain HTTP at 127.0.0.1", () => {
    const { host, url } = start();
    expect(host).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(url).toBe(`http://${host}`);
  });
});

test("a stopped registry answers no more", async () => {
  const registry = startRegistry();
  await registry.stop();
  await expect(get(`${registry.url}/v2/`)).rejects.toThrow();
});

function start(options?: RegistryOptions): RegistryFake {
  const registry = startRegistry(options);
  running.push(registry);
  return registry;
}

function get(url: string, init: BunFetchRequestInit = {}): Promise<Response> {
  return fetch(url, { keepalive: false, ...init });
}

function manifest(
  registry: RegistryFake,
  name: string,
  reference: string,
  accept = ALL,
  authorization?: string,
): Promise<Response> {
  const headers = { accept, ...(authorization !== undefined && { authorization }) };
  return get(`${registry.url}/v2/${name}/manifests/${reference}`, { headers });
}

function login(
  registry: RegistryFake,
  scope: string,
  authorization?: string,
  service = "registry.test",
): Promise<Response> {
  const query = new URLSearchParams({ service, scope });
  return get(
    `${registry.url}/token?${query}`,
    authorization === undefined ? {} : { headers: { authorization } },
  );
}

async function tokenOf(response: Promise<Response>): Promise<string> {
  return `Bearer ${at(await (await response).json(), "token")}`;
}

async function digestOf(response: Promise<Response>): Promise<string> {
  return sha256(await (await response).bytes());
}

async function expectError(answer: Promise<Response>, status: number, code: string): Promise<Response> {
  const response = await answer;
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ errors: [{ code }] });
  return response;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function getBlob(registry: RegistryFake, name: string, digest: unknown): Promise<Response> {
  return get(`${registry.url}/v2/${name}/blobs/${digest}`);
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** The value at a path in JSON; undefined where there is none. */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (outer, key) => (typeof outer === "object" && outer !== null ? Reflect.get(outer, key) : undefined),
    value,
  );
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`not a list: ${value}`);
  return value;
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
