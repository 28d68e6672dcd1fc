/** Look-ups in a real registry that wants a name and a password. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { NAMESPACE } from "../admission/mutation.ts";
import type { World } from "../support/world.ts";
import { addPullSecret, admitted, startWorldOf } from "./pods.ts";
import { type Push, pushImages } from "./push.ts";
import { basicAuth, type RegistryServer, startRegistryServer } from "./server.ts";

setDefaultTimeout(60_000);

const PULLER = { username: "puller", password: "pass:word" };
const REPOSITORY = "team/app";
const COMMANDS = {
  amd64: { Entrypoint: ["/app-amd64"], Cmd: ["serve"] },
  arm64: { Entrypoint: ["/app-arm64"] },
};

let registry: RegistryServer;
let world: World;
let digest: string;

const push = (tag: string, more: Partial<Push> = {}) =>
  pushImages({
    registry,
    authorize: async () => `Basic ${Buffer.from(`${PULLER.username}:${PULLER.password}`).toString("base64")}`,
    repository: REPOSITORY,
    tag,
    family: "oci",
    commands: COMMANDS,
    ...more,
  });
const image = (reference: string) => `${registry.host}/${REPOSITORY}${reference}`;

beforeAll(async () => {
  registry = await startRegistryServer(basicAuth({ [PULLER.username]: PULLER.password }));
  world = await startWorldOf([registry.url], registry.caFile);
  addPullSecret(world, "right", registry, PULLER);
  addPullSecret(world, "older", registry, PULLER, ".dockercfg");
  addPullSecret(world, "wrong", registry, { ...PULLER, password: "guess" });
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace: NAMESPACE, name: "puller" },
    imagePullSecrets: [{ name: "right" }],
  });
  digest = await push("1");
  await push("list", { family: "docker" });
});
afterAll(async () => {
  await world?.stop();
  await registry?.stop();
});

const RIGHT = { secrets: ["right"], architecture: "amd64" };

describe("what an image of several architectures runs is found out", () => {
  test.each([
    ["amd64", ["/app-amd64", "serve"]],
    ["arm64", ["/app-arm64"]],
  ])("for %s, by tag, by digest, by both, and of a Docker list", async (architecture, args) => {
    for (const reference of [":1", `@${digest}`, `:1@${digest}`, ":list"]) {
      expect(await admitted(world, image(reference), { ...RIGHT, architecture })).toEqual({ args });
    }
  });

  test("for an architecture that it does not have, it is denied", async () => {
    const { denied } = await admitted(world, image(":1"), { ...RIGHT, architecture: "s390x" });
    expect(denied).toContain("it has no manifest for linux/s390x");
  });
});

describe("the credentials are", () => {
  test.each([
    ["those of the Pod", { secrets: ["right"] }],
    ["those of the second Secret, where the first is refused", { secrets: ["wrong", "right"] }],
    ["those of an older kind of Secret", { secrets: ["older"] }],
    ["those of the service account", { serviceAccount: "puller" }],
    ["those of the annotation", { annotations: { "piggysec.com/image-pull-secret": "right" } }],
  ])("%s", async (_, pulls) => {
    expect(await admitted(world, image(":1"), { architecture: "amd64", ...pulls })).toHaveProperty("args");
  });

  test.each([
    ["wrong", ["wrong"], "answers 401 (1 stored credentials tried)"],
    ["none", [], "asks for basic authentication (no stored credentials match)"],
  ])("%s: the Pod is denied in words", async (_, secrets, words) => {
    const { code, denied } = await admitted(world, image(":1"), { ...RIGHT, secrets });
    expect(code).toBe(403);
    for (const part of [image(":1"), `${registry.url} ${words}`, "Set command on the container"]) {
      expect(denied).toContain(part);
    }
  });
});

/** The requests that the work left in the registry's log. */
async function requestsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = (await registry.requests()).length;
  await work();
  return (await registry.requests()).slice(before);
}

describe("the registry is asked", () => {
  test("once, however many Pods come after that", async () => {
    await push("kept");
    const first = await requestsOf(() => admitted(world, image(":kept"), RIGHT));
    expect(first).toContain(`GET /v2/${REPOSITORY}/manifests/kept`);
    const others = await requestsOf(async () => {
      for (let pod = 0; pod < 5; pod += 1) await admitted(world, image(":kept"), RIGHT);
    });
    expect(others).toEqual([]);
  });

  test("once for Pods that come at a time", async () => {
    await push("burst");
    const requests = await requestsOf(() =>
      Promise.all(Array.from({ length: 20 }, () => admitted(world, image(":burst"), RIGHT))),
    );
    const ofTag = requests.filter((request) => request.endsWith("/manifests/burst"));
    // Unauthenticated, and with the credentials that the first answer asks for.
    expect(ofTag.length).toBeLessThanOrEqual(2);
    expect(ofTag).not.toBeEmpty();
  });

  test("without a challenge for what comes next in a repository", async () => {
    await admitted(world, image(":1"), RIGHT);
    await push("next", { commands: { amd64: { Cmd: ["/next"] } } });
    const requests = await requestsOf(() => admitted(world, image(":next"), RIGHT));
    expect(requests.filter((request) => request.endsWith("/manifests/next"))).toHaveLength(1);
  });

  test("each time for a tag that the kubelet pulls always, and never again for a digest", async () => {
    const always = { ...RIGHT, policy: "Always" };
    await admitted(world, image(":1"), always);
    expect(await requestsOf(() => admitted(world, image(":1"), always))).not.toBeEmpty();
    await admitted(world, image(`@${digest}`), always);
    expect(await requestsOf(() => admitted(world, image(`@${digest}`), always))).toEqual([]);
  });

  test("again by whoever has other credentials, who learns nothing of what is kept", async () => {
    await admitted(world, image(":1"), RIGHT);
    expect(await admitted(world, image(":1"), { ...RIGHT, secrets: [] })).toHaveProperty("denied");
    expect(await admitted(world, image(":1"), { ...RIGHT, secrets: ["wrong"] })).toHaveProperty("denied");
  });
});

test("a tag that is pushed anew is seen where it is pulled always", async () => {
  await push("moved");
  const always = { ...RIGHT, policy: "Always" };
  expect(await admitted(world, image(":moved"), always)).toEqual({ args: ["/app-amd64", "serve"] });
  await push("moved", { commands: { amd64: { Cmd: ["/newer"] } } });
  expect(await admitted(world, image(":moved"), always)).toEqual({ args: ["/newer"] });
});

test("an image with neither ENTRYPOINT nor CMD is denied", async () => {
  await push("bare", { commands: { amd64: {} } });
  const { denied } = await admitted(world, image(":bare"), RIGHT);
  expect(denied).toContain("has neither ENTRYPOINT nor CMD");
});

test("one that is not there is denied", async () => {
  const { denied } = await admitted(world, image(":gone"), RIGHT);
  expect(denied).toContain(`${registry.url} does not have it`);
});

describe("a webhook that does not know the registry's CA", () => {
  let stranger: World;
  beforeAll(async () => {
    stranger = await startWorldOf([registry.url], world.environment["TLS_CERT_FILE"] ?? "");
    addPullSecret(stranger, "right", registry, PULLER);
  });
  afterAll(() => stranger?.stop());

  test("denies, for it cannot tell who answers", async () => {
    const { denied } = await admitted(stranger, image(":1"), RIGHT);
    expect(denied).toContain(registry.url);
    expect(denied).toMatch(/certificate/i);
  });

  test("asks all the same where the Pod does not care", async () => {
    const annotations = { "piggysec.com/image-skip-verify-registry": "true" };
    expect(await admitted(stranger, image(":1"), { ...RIGHT, annotations })).toHaveProperty("args");
  });
});

test("a registry that is gone is a denial that says to try again", async () => {
  const other = await startRegistryServer(basicAuth({ somebody: "else" }));
  const lost = await startWorldOf([other.url], other.caFile);
  try {
    await other.stop();
    const { code, denied } = await admitted(lost, `${other.host}/team/app:1`, {});
    expect(code).toBe(503);
    expect(denied).toContain(other.url);
  } finally {
    await lost.stop();
  }
});
