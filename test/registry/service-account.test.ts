/** The imagePullSecrets of a Pod's service account, which the API server copies only to a Pod that has none. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mutate, NAMESPACE, podWith } from "../admission/mutation.ts";
import { startWorld, type World } from "../support/world.ts";

setDefaultTimeout(60_000);

const GRANTS = [
  { resource: "configmaps", verb: "get" },
  { resource: "secrets", verb: "get" },
];

async function worldWith(grants: typeof GRANTS): Promise<World> {
  const world = await startWorld({
    grants,
    environment: { DEBUG: "true" },
    registry: { auth: { kind: "basic", users: { alice: "wonderland", bob: "builder" } } },
  });
  world.registry.pushImage("team/app", "1", { Entrypoint: ["/app"] });
  for (const [name, password] of Object.entries({ right: "wonderland", wrong: "guess" })) {
    const auths = { [world.registry.host]: { username: "alice", password } };
    world.kubernetes.add({
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { namespace: NAMESPACE, name },
      stringData: { ".dockerconfigjson": JSON.stringify({ auths }) },
    });
  }
  world.kubernetes.add({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { namespace: NAMESPACE, name: "puller" },
    imagePullSecrets: [{ name: "right" }],
  });
  return world;
}

const inject = (world: World, secrets: readonly string[], serviceAccountName = "puller") =>
  mutate(
    world,
    podWith(
      { image: `${world.registry.host}/team/app:1`, command: [] },
      { spec: { serviceAccountName, imagePullSecrets: secrets.map((name) => ({ name })) } },
    ),
  );

let allowing: World;
let forbidding: World;
beforeAll(async () => {
  [allowing, forbidding] = await Promise.all([
    worldWith([...GRANTS, { resource: "serviceaccounts", verb: "get" }]),
    worldWith(GRANTS),
  ]);
});
afterAll(() => Promise.all([allowing.stop(), forbidding.stop()]));

test("are tried after the Pod's own", async () => {
  expect((await inject(allowing, ["wrong"])).allowed).toBe(true);
});

test("are tried where the Pod has none", async () => {
  expect((await inject(allowing, [])).allowed).toBe(true);
});

test("are tried once, where the Pod names them as well", async () => {
  const before = allowing.kubernetes.requests.length;
  await inject(allowing, ["right"]);
  const paths = allowing.kubernetes.requests.slice(before).map(({ path }) => path);
  expect(paths.filter((path) => path.endsWith("/secrets/right"))).toHaveLength(1);
});

test("are read once for Pods that come at a time, their Secrets for each", async () => {
  await inject(allowing, []);
  const before = allowing.kubernetes.requests.length;
  for (let pod = 0; pod < 3; pod += 1) await inject(allowing, []);
  const paths = allowing.kubernetes.requests.slice(before).map(({ path }) => path);
  expect(paths.filter((path) => path.endsWith("/serviceaccounts/puller")).length).toBeLessThan(3);
  expect(paths.filter((path) => path.endsWith("/secrets/right"))).toHaveLength(3);
});

test("are not another account's", async () => {
  expect((await inject(allowing, ["wrong"], "default")).allowed).toBe(false);
});

test("that may not be read leave the Pod's own, and a line in the debug log", async () => {
  expect((await inject(forbidding, ["right"])).allowed).toBe(true);
  expect((await inject(forbidding, ["wrong"])).allowed).toBe(false);
  const reason = "the service account is forbidden, so its imagePullSecrets are not tried";
  const line = await forbidding.webhook.logged(({ message }) => message === reason);
  expect(line).toEqual(
    expect.objectContaining({
      level: "debug",
      namespace: NAMESPACE,
      serviceAccount: "puller",
    }),
  );
});
