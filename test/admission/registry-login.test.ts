/** The look-up of an image that not everybody may pull, and of one whose registry does not answer. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { takesLessThan } from "../support/at-best.ts";
import { freePort } from "../support/free-port.ts";
import { startWorld, type World, type WorldOptions } from "../support/world.ts";
import { containerOf, mutate, NAMESPACE, podWith } from "./mutation.ts";

const USERS = { puller: "pass:word" };
const REPOSITORY = "private/app";

/** A Secret as `kubectl create secret docker-registry` makes it. */
function pullSecret(name: string, registry: string, password: string, namespace = NAMESPACE) {
  const auth = Buffer.from(`puller:${password}`).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    metadata: { name, namespace },
    stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [registry]: { auth } } }) },
  };
}

async function privateWorld(options: WorldOptions): Promise<World> {
  const world = await startWorld(options);
  const { registry, kubernetes } = world;
  registry.pushImage(REPOSITORY, "1", { Entrypoint: ["/private"] });
  kubernetes.add(pullSecret("right", registry.host, USERS.puller));
  kubernetes.add(pullSecret("wrong", registry.host, "not-it"));
  kubernetes.add(pullSecret("elsewhere", "registry.example.com", USERS.puller));
  kubernetes.add(pullSecret("shared", registry.host, USERS.puller, "registry-logins"));
  return world;
}

describe.each(["basic", "bearer"] as const)("a registry with %s authentication", (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await privateWorld({ registry: { auth: { kind, users: USERS } } });
  });
  afterAll(() => world.stop());

  const inject = (secrets: readonly string[], annotations: Record<string, string> = {}) =>
    mutate(
      world,
      podWith(
        { image: `${world.registry.host}/${REPOSITORY}:1`, command: [] },
        { annotations, spec: { imagePullSecrets: secrets.map((name) => ({ name })) } },
      ),
    );

  test.each([
    ["the Pod's imagePullSecret", ["right"], {}],
    ["the second of them, where the first is refused", ["wrong", "right"], {}],
    ["the annotated Secret, where the Pod has none", [], { "piggysec.com/image-pull-secret": "right" }],
    [
      "the annotated Secret of another namespace",
      ["absent"],
      {
        "piggysec.com/image-pull-secret": "shared",
        "piggysec.com/image-pull-secret-namespace": "registry-logins",
      },
    ],
  ])("answers with %s", async (_, secrets, annotations) => {
    const { allowed, pod } = await inject(secrets, annotations);
    expect(allowed).toBe(true);
    expect(containerOf(pod).args).toEqual(["--", "/private"]);
  });

  test.each([
    ["wrong credentials", ["wrong"]],
    ["credentials of another registry", ["elsewhere"]],
    ["a Secret that is not there", ["absent"]],
    ["no credentials", []],
  ])("with %s: denied, with the image and no password in the reason", async (_, secrets) => {
    const { allowed, status } = await inject(secrets);
    expect(allowed).toBe(false);
    expect(status.message).toContain(`image ${world.registry.host}/${REPOSITORY}:1`);
    expect(status.message).not.toMatch(/not-it|pass:word|cHVsbGVy/);
  });
});

test("without the right to read Secrets, a private image is denied", async () => {
  const world = await privateWorld({ grants: [], registry: { auth: { kind: "basic", users: USERS } } });
  const image = `${world.registry.host}/${REPOSITORY}:1`;
  const spec = { imagePullSecrets: [{ name: "right" }] };
  const { allowed, status } = await mutate(world, podWith({ image, command: [] }, { spec }));
  expect(allowed).toBe(false);
  expect(status.message).toContain(image);
  await world.stop();
});

test("an image that anybody may pull needs no login where tokens are given to anybody", async () => {
  const world = await privateWorld({ registry: { auth: { kind: "bearer", users: USERS, anonymous: true } } });
  const image = `${world.registry.host}/${REPOSITORY}:1`;
  const { allowed } = await mutate(world, podWith({ image, command: [] }));
  expect(allowed).toBe(true);
  await world.stop();
});

describe("a registry that does not answer", () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const hosts = { silent: `127.0.0.1:${silent.port}`, closed: `127.0.0.1:${freePort()}` };
  let world: World;
  beforeAll(async () => {
    const origins = [`http://${hosts.silent}`, `http://${hosts.closed}`].join(", ");
    world = await startWorld({ environment: { PIGGY_REGISTRY_ORIGINS: origins } });
  });
  afterAll(async () => {
    silent.stop(true);
    await world.stop();
  });

  test.each(["silent", "closed"] as const)("%s: denied before the API server's time is up", async (which) => {
    const image = `${hosts[which]}/app:1`;
    const isInTime = await takesLessThan(1_000, async () => {
      const started = performance.now();
      const { allowed, status } = await mutate(world, podWith({ image, command: [] }), "/mutate?timeout=1s");
      expect(allowed).toBe(false);
      expect(status).toMatchObject({ code: 503, reason: "ServiceUnavailable" });
      expect(status.message).toContain(`image ${image}`);
      return performance.now() - started;
    });
    expect(isInTime).toBe(true);
  });
});
