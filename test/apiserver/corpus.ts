/** Whatever Pod an API server admits by itself, it admits with the webhook in front of it, and stores the same. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { containersOf, withoutAdditions, withReferenceIn } from "../corpus/additions.ts";
import { corpusObjects, corpusPods } from "../corpus/corpus.ts";
import { type Container, type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { anyObject, object, string } from "../fakes/kubernetes/schema.ts";
import type { Answer } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install } from "./installation.ts";
import { add, addNamespace, addServiceAccount, podsOf } from "./objects.ts";

/** Pods that this API server does not admit whoever is in front of it, by name, and why. */
const REFUSED: Readonly<Record<string, string>> = {};

/** The namespaces that the webhook hears of, each beside one that it does not. */
const INJECTED_NAMESPACES = ["as-it-is", "with-reference"] as const;
const alone = (namespace: string) => `${namespace}-alone`;
const NAMESPACES = INJECTED_NAMESPACES.flatMap((namespace) => [namespace, alone(namespace)]);

let cluster: Cluster;
let installation: Installation;
beforeAll(async () => {
  cluster = await startCluster();
  installation = await install(cluster);
  for (const namespace of INJECTED_NAMESPACES) {
    await addNamespace(cluster, namespace, INJECTED);
    await addNamespace(cluster, alone(namespace));
  }
  for (const entry of corpusObjects) await addCorpusObject(entry);
});
afterAll(async () => {
  await installation?.stop();
  await cluster?.stop();
});

const parseObject = object({ kind: string, metadata: object({ name: string }, {}) }, {});

async function addCorpusObject(entry: object): Promise<void> {
  const { kind, metadata } = parseObject(entry, "objects.json");
  if (kind === "RuntimeClass") await add(cluster, "/apis/node.k8s.io/v1/runtimeclasses", entry);
  else if (kind === "ServiceAccount") {
    for (const namespace of NAMESPACES) await addServiceAccount(cluster, namespace, metadata.name);
    // Each Pod comes to the namespaces above in place of its own.
  } else if (kind !== "Namespace") throw new Error(`objects.json: nobody says where a ${kind} is created`);
}

function createIn(namespace: string, pod: Pod, query = ""): Promise<Answer> {
  const moved = { ...pod, metadata: { ...pod.metadata, namespace } };
  return cluster.admin.call("POST", podsOf(namespace) + query, moved);
}

/** The Pod as it is stored without the webhook, and with it. */
async function createBoth(namespace: string, pod: Pod): Promise<{ before: Pod; after: Pod }> {
  const before = await createIn(alone(namespace), pod);
  const after = await createIn(namespace, pod);
  // A Status in place of a Pod says why not.
  expect(before.body).toMatchObject({ kind: "Pod" });
  expect(after.body).toMatchObject({ kind: "Pod" });
  expect(after.warnings).toEqual(before.warnings);
  return { before: lasting(before.body), after: lasting(after.body) };
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
  // The API server puts five random letters behind the volume that it mounts, wherever it is mounted.
  const json: unknown = JSON.parse(
    JSON.stringify(stored).replaceAll(/"kube-api-access-\w{5}"/g, '"kube-api-access"'),
  );
  const { metadata, ...rest } = anyObject(json, "Pod");
  const kept = Object.entries(anyObject(metadata, "metadata")).filter(([field]) => !FLEETING.has(field));
  const named = Object.fromEntries(kept);
  if (named["generateName"] !== undefined) delete named["name"];
  return parsePod({ ...rest, metadata: named }, "Pod");
}

const admitted = corpusPods.filter(({ name }) => !Object.hasOwn(REFUSED, name));

test("the API server by itself admits the corpus", async () => {
  const refused: Record<string, unknown> = {};
  for (const { name, pod } of corpusPods) {
    const { status, body } = await createIn("as-it-is-alone", pod, "?dryRun=All");
    if (status !== 201) refused[name] = body["message"];
  }
  const count = corpusPods.length - Object.keys(refused).length;
  console.log(
    `test/apiserver: ${count} of the corpus's ${corpusPods.length} Pods are admitted without the webhook`,
  );
  expect(Object.keys(refused), JSON.stringify(refused)).toEqual(Object.keys(REFUSED));
});

describe("with the webhook in front of it, it stores as it is", () => {
  test.each(admitted)("$name", async ({ pod }) => {
    const { before, after } = await createBoth("as-it-is", pod);
    expect(after).toEqual(before);
  });
});

describe("with a reference in its first container, that one alone is changed of", () => {
  test.each(admitted)("$name", async ({ pod }) => {
    const first = pod.spec.containers[0]?.name ?? "";
    const { before, after } = await createBoth("with-reference", withReferenceIn(pod, first));
    const injected = containersOf(after).filter(isInjected);
    expect(injected.map(({ name }) => name)).toEqual([first]);
    expect(withoutAdditions(withoutQosClass(after), before, first)).toEqual(withoutQosClass(before));
  });
});

const isInjected = ({ command }: Container) => command?.[0] === "/piggy/piggy-env";

/** The install container asks for resources, which makes a Pod that asks for none Burstable. */
function withoutQosClass({ status, ...pod }: Pod): Pod {
  const { qosClass: _, ...rest } = status ?? {};
  return { ...pod, status: rest };
}
