/** Whatever Pod an API server admits by itself, it admits with the webhook in front of it, and stores the same. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { containersOf, withoutAdditions, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods, expectedPods, pushCorpusImages, withImagesAt } from "../corpus/corpus.ts";
import { withInlined } from "../corpus/expectation.ts";
import { type Container, type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { anyObject, object, string } from "../fakes/kubernetes/schema.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import type { Answer } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install } from "./installation.ts";
import { add, addNamespace, podsOf } from "./objects.ts";

/** The namespaces that the webhook hears of, each beside one that it does not. */
const INJECTED_NAMESPACES = ["as-it-is", "with-reference", "with-its-own", "backed-up", "restored"] as const;
const alone = (namespace: string) => `${namespace}-alone`;
const NAMESPACES = INJECTED_NAMESPACES.flatMap((namespace) => [namespace, alone(namespace)]);

let cluster: Cluster;
let installation: Installation;
let registry: RegistryFake;
beforeAll(async () => {
  registry = startRegistry();
  pushCorpusImages(registry);
  cluster = await startCluster();
  installation = await install(cluster, { PIGGY_REGISTRY_ORIGINS: registry.url });
  for (const namespace of INJECTED_NAMESPACES) {
    await addNamespace(cluster, namespace, INJECTED);
    await addNamespace(cluster, alone(namespace));
  }
  for (const entry of corpusObjects) await addCorpusObject(entry);
});
afterAll(async () => {
  await installation?.stop();
  await cluster?.stop();
  await registry?.stop();
});

const parseObject = object({ kind: string, metadata: object({ name: string }, {}) }, {});

const RESOURCES: Readonly<Record<string, string>> = {
  ConfigMap: "configmaps",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
};

async function addCorpusObject(entry: object): Promise<void> {
  const { kind, metadata } = parseObject(entry, "objects.json");
  const resource = RESOURCES[kind];
  if (kind === "RuntimeClass") await add(cluster, "/apis/node.k8s.io/v1/runtimeclasses", entry);
  else if (resource !== undefined) {
    for (const namespace of NAMESPACES) {
      const moved = { ...entry, metadata: { ...metadata, namespace } };
      await add(cluster, `/api/v1/namespaces/${namespace}/${resource}`, moved);
    }
    // Each Pod comes to the namespaces above in place of its own.
  } else if (kind !== "Namespace") throw new Error(`objects.json: nobody says where a ${kind} is created`);
}

function createIn(namespace: string, pod: Pod, query = ""): Promise<Answer> {
  const moved = { ...pod, metadata: { ...pod.metadata, namespace } };
  return cluster.admin.call("POST", podsOf(namespace) + query, moved);
}

const createFromFile = (namespace: string, pod: Pod, query?: string) =>
  createIn(namespace, withImagesAt(registry, pod), query);

/** The Pod as it is stored without the webhook, and with it, and what the webhook warned of. */
async function createBoth(namespace: string, pod: Pod) {
  const before = await createFromFile(alone(namespace), pod);
  const after = await createFromFile(namespace, pod);
  // A Status in place of a Pod says why not.
  expect(before.body).toMatchObject({ kind: "Pod" });
  expect(after.body).toMatchObject({ kind: "Pod" });
  const isWebhooks = (warning: string) => warning.startsWith("piggy: ");
  expect(after.warnings.filter((warning) => !isWebhooks(warning))).toEqual([...before.warnings]);
  return {
    before: lasting(before.body),
    after: lasting(after.body),
    warnings: after.warnings.filter(isWebhooks),
  };
}

const FLEETING: ReadonlySet<string> = new Set([
  "uid",
  "namespace",
  "creationTimestamp",
  "resourceVersion",
  "managedFields",
]);

/** A stored Pod without what is another for each Pod. */
function lasting(stored: object): Pod {
  // The API server puts five random letters behind the volume that it mounts, wherever it is mounted; and of a Pod that
  // waits for its gates it says since when.
  const json: unknown = JSON.parse(
    JSON.stringify(stored)
      .replaceAll(/"kube-api-access-\w{5}"/g, '"kube-api-access"')
      .replaceAll(/"lastTransitionTime":"[^"]*"/g, '"lastTransitionTime":null'),
  );
  const { metadata, ...rest } = anyObject(json, "Pod");
  const kept = Object.entries(anyObject(metadata, "metadata")).filter(([field]) => !FLEETING.has(field));
  const named = Object.fromEntries(kept);
  if (named["generateName"] !== undefined) delete named["name"];
  return parsePod({ ...rest, metadata: named }, "Pod");
}

const refusals = Object.fromEntries(
  expectedPods.flatMap(({ name, expectation }) =>
    expectation.refused === undefined ? [] : [[name, expect.stringContaining(expectation.refused)]],
  ),
);

test("the API server by itself admits the corpus, but for what it says it refuses", async () => {
  const all = [...corpusPods, ...expectedPods];
  const refused: Record<string, unknown> = {};
  const withUnknownFields: string[] = [];
  for (const { name, pod } of all) {
    const { status, body, warnings } = await createFromFile("as-it-is-alone", pod, "?dryRun=All");
    if (status !== 201) refused[name] = body["message"];
    if (warnings.some((warning) => warning.includes("unknown field"))) withUnknownFields.push(name);
  }
  const count = all.length - Object.keys(refused).length;
  console.log(`test/apiserver: ${count} of the corpus's ${all.length} Pods are admitted without the webhook`);
  expect(refused).toEqual(refusals);
  // What no version knows is what a typed round trip would lose first: every fifth Pod has some.
  expect(withUnknownFields.length).toBeGreaterThanOrEqual(Math.floor(all.length / 5));
});

describe("with the webhook in front of it, it stores as it is", () => {
  test.each(corpusPods)("$name", async ({ pod }) => {
    const { before, after, warnings } = await createBoth("as-it-is", pod);
    expect(warnings).toEqual([]);
    expect(after).toEqual(before);
  });
});

describe("with a reference in its first container, that one alone is changed of", () => {
  test.each(corpusPods)("$name", async ({ pod }) => {
    const first = firstOf(pod);
    const { before, after, warnings } = await createBoth("with-reference", withReferenceIn(pod, first));
    expect(warnings).toEqual([]);
    expect(namesOfInjected(after)).toEqual([first]);
    expect(withoutAdditions(after, before, first)).toEqual(withInstallContainer(before));
  });
});

const firstOf = (pod: Pod) => pod.spec.containers[0]?.name ?? "";

const admittedPods = expectedPods.filter(
  ({ expectation }) => expectation.denied === undefined && expectation.refused === undefined,
);

describe("with references of its own, it stores as its file says", () => {
  test.each(admittedPods)("$name", async ({ pod, expectation }) => {
    const { before, after, warnings } = await createBoth("with-its-own", pod);
    expect(warnings).toEqual(expectation.warnings.map((part) => expect.stringContaining(part)));
    const names = Object.keys(expectation.wrapped);
    expect(namesOfInjected(after).sort()).toEqual([...names].sort());
    const expected = names.length === 0 ? before : withInstallContainer(withInlined(before, expectation));
    expect(withoutAdditions(after, before, ...names)).toEqual(expected);
  });
});

describe("what is restored from a backup, it stores as it was", () => {
  const injected = [
    ...corpusPods.map(({ name, pod }) => ({ name, pod: withReferenceIn(pod, firstOf(pod)) })),
    ...admittedPods,
  ];

  test.each(injected)("$name", async ({ pod }) => {
    const { body: stored } = await createFromFile("backed-up", pod);
    const { body: restored } = await createIn("restored", withoutVersion(parsePod(stored, "Pod")));
    expect(restored).toMatchObject({ kind: "Pod" });
    expect(lasting(restored)).toEqual(lasting(stored));
    const restoredPod = parsePod(restored, "Pod");
    if (namesOfInjected(restoredPod).length === 0) return;
    // The API server would spell a needless change as it had it before.
    const { operations } = await installation.webhook.logged(
      ({ message, namespace, pod: name }) =>
        message === "admitted" && namespace === "restored" && name === restoredPod.metadata.name,
    );
    expect(operations).toBe(0);
  });
});

/** As who restores it sends it: an API server takes no resourceVersion for a Pod that is not there. */
function withoutVersion(pod: Pod): Pod {
  const { resourceVersion: _, ...metadata } = anyObject(pod.metadata, "metadata");
  return { ...pod, metadata };
}

describe("what the webhook denies, it does not store", () => {
  test.each(expectedPods.filter(({ expectation }) => expectation.denied !== undefined))(
    "$name",
    async ({ pod }) => {
      const { status, body } = await createFromFile("with-its-own", pod);
      expect({ status, message: body["message"] }).toEqual({
        status: 403,
        message: expect.stringContaining("piggy: "),
      });
    },
  );
});

const namesOfInjected = (pod: Pod) =>
  containersOf(pod)
    .filter(isInjected)
    .map(({ name }) => name);
const isInjected = ({ command }: Container) => command?.[0] === "/piggy/piggy-env";

/** The install container asks for resources, which makes a Pod that asks for none Burstable, and no other what it is not. */
function withInstallContainer(pod: Pod): Pod {
  const { status } = pod;
  return status?.["qosClass"] === "BestEffort"
    ? { ...pod, status: { ...status, qosClass: "Burstable" } }
    : pod;
}
