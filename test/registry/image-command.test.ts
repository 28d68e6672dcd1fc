import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ErrorCode } from "../../lib/error.ts";
import type { Credentials } from "../../lib/registry/credentials.ts";
import { createCertificateAuthority } from "../fakes/certificates.ts";
import { type RegistryFake, type RegistryOptions, startRegistry } from "../fakes/registry.ts";
import { AMD64, ARM64, type Asking, askFor } from "./asking.ts";
import { caught } from "./caught.ts";
import { CONFIG, challenge, manifest, type Origin, serve, stopServing } from "./origins.ts";

setDefaultTimeout(60_000);

const ENTRYPOINT = { Entrypoint: ["/docker-entrypoint.sh"], Cmd: ["nginx", "-g", "daemon off;"] };
const COMMAND = { entrypoint: ENTRYPOINT.Entrypoint, cmd: ENTRYPOINT.Cmd };
const ALICE = { username: "alice", password: "pässwörd:€" };
const USERS = { [ALICE.username]: ALICE.password };

const started: RegistryFake[] = [];
afterEach(async () => {
  await Promise.all([...started.splice(0).map((registry) => registry.stop()), stopServing()]);
});

function registryWith(options: RegistryOptions = {}): RegistryFake {
  const registry = startRegistry(options);
  started.push(registry);
  return registry;
}

const ask = (registry: RegistryFake, name: string, asking: Asking = {}) =>
  askFor(`${registry.host}/${name}`, [registry.url], asking);

const refusal = (registry: RegistryFake, name: string, asking: Asking = {}) =>
  caught(() => ask(registry, name, asking));

describe("what an image runs", () => {
  test.each(["oci", "docker"] as const)("is read from its config: %s", async (format) => {
    const registry = registryWith();
    registry.pushImage("team/app", "1", ENTRYPOINT, { format });
    expect(await ask(registry, "team/app:1")).toEqual(COMMAND);
  });

  test("is read by digest too", async () => {
    const registry = registryWith();
    const { digest } = registry.pushImage("app", "latest", ENTRYPOINT);
    registry.pushImage("app", "latest", { Cmd: ["newer"] });
    expect(await ask(registry, `app:latest@${digest}`)).toEqual(COMMAND);
    expect(await ask(registry, "app")).toEqual({ entrypoint: [], cmd: ["newer"] });
  });

  test.each([
    [{}, { entrypoint: [], cmd: [] }],
    [
      { Entrypoint: null, Cmd: ["a"] },
      { entrypoint: [], cmd: ["a"] },
    ],
    [
      { Entrypoint: ["a"], Cmd: null },
      { entrypoint: ["a"], cmd: [] },
    ],
    [
      { Entrypoint: [""], Cmd: ["a"] },
      { entrypoint: [], cmd: ["a"] },
    ],
    [{ Entrypoint: [""] }, { entrypoint: [], cmd: [] }],
    [
      { Entrypoint: [""], Cmd: [""] },
      { entrypoint: [], cmd: [""] },
    ],
    [
      { Entrypoint: ["", "a"], Cmd: ["b"] },
      { entrypoint: ["", "a"], cmd: ["b"] },
    ],
  ])("may be little: %j", async (config, command) => {
    const registry = registryWith();
    registry.pushImage("app", "1", config);
    expect(await ask(registry, "app:1")).toEqual(command);
  });

  test.each(["oci", "docker"] as const)("is that of the platform that is asked for: %s", async (format) => {
    const registry = registryWith();
    const platforms = [
      { ...ARM64, config: { Cmd: ["on-arm64"] } },
      { os: "windows", architecture: "amd64", config: { Cmd: ["on-windows"] } },
      { ...AMD64, config: { Cmd: ["on-amd64"] } },
    ];
    registry.pushImage("app", "1", {}, { format, platforms });
    const cmdOn = async (platform: typeof AMD64 | typeof ARM64) =>
      (await ask(registry, "app:1", { platform })).cmd;
    expect(await cmdOn(AMD64)).toEqual(["on-amd64"]);
    expect(await cmdOn(ARM64)).toEqual(["on-arm64"]);
  });

  test("is not that of another platform", async () => {
    const registry = registryWith();
    registry.pushImage("app", "1", {}, { platforms: [{ ...ARM64, config: ENTRYPOINT }] });
    const { code, message } = await refusal(registry, "app:1");
    expect(code).toBe("image_unsupported");
    expect(message).toBe(`image ${registry.host}/app:1: it has no manifest for linux/amd64`);
  });

  test("is not read from a manifest of schema 1", async () => {
    const registry = registryWith();
    registry.pushSchema1("app", "1");
    const { code, message } = await refusal(registry, "app:1");
    expect(code).toBe("image_unsupported");
    expect(message).toContain("schema 1");
  });

  test("is read through redirects, to which no credentials go", async () => {
    const registry = registryWith({ redirectBlobs: true });
    registry.pushImage("app", "1", ENTRYPOINT);
    expect(await ask(registry, "app:1")).toEqual(COMMAND);
    expect(registry.requests.at(-1)?.path).toStartWith("/storage/");
  });
});

describe("a registry that answers", () => {
  test.each<[number, ErrorCode, string]>([
    [403, "image_unauthorized", "answers 403 (no stored credentials match)"],
    [404, "image_not_found", "does not have it (no stored credentials match)"],
    [429, "registry_unavailable", "answers 429: it was asked too often (no stored credentials match)"],
    [500, "registry_unavailable", "answers 500 (no stored credentials match)"],
    [503, "registry_unavailable", "answers 503 (no stored credentials match)"],
    [204, "registry_unavailable", "answers 204 (no stored credentials match)"],
  ])("%d is understood as %s", async (status, code, message) => {
    const registry = registryWith();
    registry.pushImage("app", "1", ENTRYPOINT);
    registry.failNext({ status, times: 1 });
    const error = await refusal(registry, "app:1");
    expect(error.code).toBe(code);
    expect(error.message).toBe(`image ${registry.host}/app:1: ${registry.url} ${message}`);
  });

  test("401 and no way to authenticate is understood as image_unauthorized", async () => {
    const registry = registryWith();
    registry.failNext({ status: 401, times: 1 });
    const { code, message } = await refusal(registry, "app:1");
    expect(code).toBe("image_unauthorized");
    expect(message).toContain("no way to authenticate");
  });

  test("with an image that it does not have is said to", async () => {
    expect((await refusal(registryWith(), "app:1")).code).toBe("image_not_found");
  });

  test("nothing, because nobody listens, is understood as registry_unavailable", async () => {
    const registry = startRegistry();
    await registry.stop();
    expect((await refusal(registry, "app:1")).code).toBe("registry_unavailable");
  });

  test("nothing in time is not waited for", async () => {
    const silent = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Promise<Response>(() => {}),
    });
    const origin = `http://127.0.0.1:${silent.port}`;
    const signal = AbortSignal.timeout(50);
    const { code, message } = await caught(() =>
      askFor(`127.0.0.1:${silent.port}/app`, [origin], { signal }),
    );
    await silent.stop(true);
    expect(code).toBe("registry_unavailable");
    expect(message).toContain("no answer in time");
  });
});

describe.each(["basic", "bearer"] as const)("a registry with %s authentication", (kind) => {
  const withAuth = () => {
    const registry = registryWith({ auth: { kind, users: USERS } });
    registry.pushImage("team/app", "1", ENTRYPOINT);
    return registry;
  };
  const mallory = { username: "mallory", password: "guess" };

  test("is shown the stored credentials", async () => {
    expect(await ask(withAuth(), "team/app:1", { credentials: [ALICE] })).toEqual(COMMAND);
  });

  test("is shown one after the other until some are good", async () => {
    expect(await ask(withAuth(), "team/app:1", { credentials: [mallory, ALICE] })).toEqual(COMMAND);
  });

  test("is challenged once, not for each part of the image", async () => {
    const registry = withAuth();
    await ask(registry, "team/app:1", { credentials: [ALICE] });
    expect(registry.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test("refuses wrong credentials, and is said to after how many", async () => {
    const { code, message } = await refusal(withAuth(), "team/app:1", { credentials: [mallory] });
    expect(code).toBe("image_unauthorized");
    expect(message).toEndWith("(1 stored credentials tried)");
    expect(message).not.toContain("guess");
  });

  test("refuses who has no credentials", async () => {
    const { code, message } = await refusal(withAuth(), "team/app:1");
    expect(code).toBe("image_unauthorized");
    expect(message).toEndWith("(no stored credentials match)");
  });
});

describe("a registry that says to have nothing of what a login may not see", () => {
  const BOB = { username: "bob", password: "builder" };
  const NOT_BOB = { username: "bob", password: "outdated" };
  const basic = ({ username, password }: typeof BOB) =>
    `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const hidingFrom = (others: (authorization: string) => Response) =>
    serve((path, authorization) => {
      if (authorization === null) return challenge('Basic realm="registry"');
      if (authorization !== basic(BOB)) return others(authorization);
      return path.includes("/manifests/") ? manifest() : new Response(CONFIG);
    });
  const notFound = () => new Response(null, { status: 404 });
  const askAs = ({ host, url }: Origin, credentials: readonly Credentials[]) =>
    askFor(`${host}/team/app:1`, [url], { credentials });

  test("is shown the next credentials, as by the kubelet", async () => {
    const registry = hidingFrom(notFound);
    expect((await askAs(registry, [ALICE, BOB])).entrypoint).toEqual(["/bin/app"]);
    const authorizations = registry.heard.map(({ authorization }) => authorization);
    expect(authorizations).toEqual([null, basic(ALICE), null, basic(BOB), basic(BOB)]);
  });

  test.each([
    ["first", [ALICE, NOT_BOB]],
    ["last", [NOT_BOB, ALICE]],
  ])(
    "and to another who is asked for %s that they may not come in is said not to have it",
    async (_, tried) => {
      const registry = hidingFrom((shown) =>
        shown === basic(ALICE) ? notFound() : new Response(null, { status: 403 }),
      );
      const { code, message } = await caught(() => askAs(registry, tried));
      expect(code).toBe("image_not_found");
      expect(message).toEndWith("does not have it (2 stored credentials tried)");
    },
  );

  test("is not asked by nobody what it does not have for somebody, as by the kubelet", async () => {
    const registry = hidingFrom(notFound);
    expect((await caught(() => askAs(registry, [ALICE]))).code).toBe("image_not_found");
    expect(registry.heard).toHaveLength(2);
  });

  test("is asked no more than before where the first credentials are good", async () => {
    const registry = hidingFrom(notFound);
    await askAs(registry, [BOB, ALICE]);
    expect(registry.heard).toHaveLength(3);
  });
});

test("a registry that is open to everybody may ask for a token all the same", async () => {
  const registry = registryWith({ auth: { kind: "bearer", users: USERS, anonymous: true } });
  registry.pushImage("app", "1", ENTRYPOINT);
  expect(await ask(registry, "app:1")).toEqual(COMMAND);
  expect(await ask(registry, "app:1", { credentials: [{ username: "old", password: "gone" }] })).toEqual(
    COMMAND,
  );
});

describe("a registry with TLS", () => {
  const withTls = async () => {
    const authority = await createCertificateAuthority();
    const registry = registryWith({ tls: await authority.issue({ names: ["localhost"] }) });
    registry.pushImage("app", "1", ENTRYPOINT);
    return { registry, ca: authority.pem };
  };

  test("is verified by the CA that the operator gave", async () => {
    const { registry, ca } = await withTls();
    expect(await ask(registry, "app:1", { ca })).toEqual(COMMAND);
  });

  test("is not asked when its certificate is of an authority that is not known", async () => {
    const { registry } = await withTls();
    const { pem } = await createCertificateAuthority();
    expect((await refusal(registry, "app:1")).code).toBe("registry_unavailable");
    expect((await refusal(registry, "app:1", { ca: pem })).code).toBe("registry_unavailable");
    expect(registry.requests).toEqual([]);
  });

  test("is not asked when its certificate is another host's", async () => {
    const authority = await createCertificateAuthority();
    const registry = registryWith({ tls: await authority.issue({ names: ["registry.example.com"] }) });
    expect((await refusal(registry, "app:1", { ca: authority.pem })).code).toBe("registry_unavailable");
    expect(registry.requests).toEqual([]);
  });

  test("is asked unverified where that is asked for", async () => {
    const { registry } = await withTls();
    expect(await ask(registry, "app:1", { skipVerify: true })).toEqual(COMMAND);
  });

  test("is asked only where it was configured, for it is on this machine", async () => {
    const { registry, ca } = await withTls();
    const { code } = await caught(() => askFor(`${registry.host}/app:1`, [], { ca }));
    expect(code).toBe("image_host_refused");
    expect(registry.requests).toEqual([]);
  });
});
