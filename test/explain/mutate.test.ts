/** What explain says, beside what the running webhook answers. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mutation, mutate, podWith } from "../admission/mutation.ts";
import { withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods, expectedPods, pushCorpusImages, withImagesAt } from "../corpus/corpus.ts";
import { hostilePods } from "../corpus/hostile.ts";
import type { Pod } from "../fakes/kubernetes/pod.ts";
import { PIGGY_ENV_IMAGE, REGION, startWorld, type World } from "../support/world.ts";
import { type Account, accountOf, accountsOf, runExplain } from "./explaining.ts";
import { kubeconfigOf } from "./kubeconfig.ts";

setDefaultTimeout(120_000);

let world: World;
let directory: string;
beforeAll(async () => {
  world = await startWorld();
  for (const object of corpusObjects) world.kubernetes.add(object);
  pushCorpusImages(world.registry);
  directory = await mkdtemp(join(tmpdir(), "piggy-mutate-"));
});
afterAll(async () => {
  await world.stop();
  await rm(directory, { recursive: true });
});

const SET = ["--set", `PIGGY_ENV_IMAGE=${PIGGY_ENV_IMAGE}`, "--set", `AWS_REGION=${REGION}`];

/** As the webhook's own service account, so that it may read the same. */
async function kubeconfig(): Promise<string> {
  const token = await world.kubernetes.token({
    namespace: "piggy-webhooks",
    serviceAccount: "piggy-webhooks",
    expirationSeconds: 3600,
  });
  const file = join(directory, "config");
  await writeFile(file, kubeconfigOf(world.kubernetes, { user: { token } }));
  return file;
}

const textOf = (pods: readonly object[]) => pods.map((pod) => JSON.stringify(pod)).join("\n---\n");

function expectSame(account: Account | undefined, { allowed, patch, warnings, status }: Mutation): void {
  expect(account).toMatchObject({ allowed, warnings, message: status.message ?? null });
  expect(masked(account?.patch ?? [])).toEqual(masked(patch));
}

test("without a cluster, every Pod that names nothing of it is told the same", async () => {
  const containers = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers];
  const pods = corpusPods.flatMap(({ pod }) => [
    pod,
    ...containers(pod).map(({ name }) => withReferenceIn(pod, name)),
  ]);
  const accounts = await accountsOf(textOf(pods), { args: ["--offline", ...SET] });
  expect(accounts).toHaveLength(pods.length);
  for (const [index, pod] of pods.entries()) expectSame(accounts[index], await mutate(world, pod));
});

test("with the cluster and the registry, every Pod with references is told the same", async () => {
  const pods = expectedPods.map(({ pod }) => withImagesAt(world.registry, pod));
  const { PIGGY_REGISTRY_ORIGINS = "", PIGGY_REGISTRY_CA_FILE = "" } = world.environment;
  const accounts = await accountsOf(textOf(pods), {
    args: ["--kubeconfig", await kubeconfig(), ...SET],
    environment: { PIGGY_REGISTRY_ORIGINS, PIGGY_REGISTRY_CA_FILE },
  });
  expect(accounts).toHaveLength(pods.length);
  for (const [index, pod] of pods.entries()) expectSame(accounts[index], await mutate(world, pod));
});

test("a denial has its words", async () => {
  const volumes = [{ name: "piggy-env", hostPath: { path: "/x" } }];
  const pod = podWith({}, { spec: { volumes } });
  expectSame(await accountOf(pod, { args: ["--offline", ...SET] }), await mutate(world, pod));
});

describe("a Pod that somebody wrote to do harm is told in words that do none", () => {
  /** What stands in the Secrets. */
  const HUSH = "hush-hush";
  /** What a terminal acts on, but for the lines' ends. */
  const UNFIT = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

  test.each(hostilePods.map(({ name, objects, pod }) => [name, [...objects, pod]] as const))(
    "%s",
    async (_, documents) => {
      const { exitCode, stdout, stderr } = await runExplain(["--offline", ...SET, "-"], textOf(documents));
      expect([0, 1, 2]).toContain(exitCode ?? -1);
      expect(stdout + stderr).not.toContain(HUSH);
      expect(stdout + stderr).not.toMatch(UNFIT);
      if (exitCode === 2) expect(stderr).toStartWith("piggy-webhooks explain: ");
      else expect(stdout).toContain("Pod ");
    },
  );
});

/** Ids, and what only the running webhook knows of itself. */
function masked(patch: readonly { readonly path: string }[]): unknown {
  // Of fields that have nothing to do with each other it is the same which comes first.
  const inOrder = patch.toSorted((one, other) =>
    one.path === other.path ? 0 : one.path < other.path ? -1 : 1,
  );
  let text = JSON.stringify(inOrder)
    .replaceAll(/-----BEGIN CERTIFICATE-----[^"]*|<CA of piggy-webhooks>/g, "CA")
    .replaceAll(/127\.0\.0\.1:\d+|<ClusterIP>:443/g, "ADDRESS")
    .replaceAll(/(piggy-webhooks\.svc):\d+"/g, '$1"');
  const uids = [...text.matchAll(/"PIGGY_UID","value":"([0-9a-f]{32})"/g)].map(([, uid]) => uid ?? "");
  for (const [index, uid] of uids.entries()) text = text.replaceAll(uid, `UID-${index}`);
  return JSON.parse(text);
}
