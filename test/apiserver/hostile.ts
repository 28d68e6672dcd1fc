/** Hostile Pods that a real API server itself would pass on, and what it makes of the webhook's answers. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { hostilePods } from "../corpus/hostile.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { object, string } from "../fakes/kubernetes/schema.ts";
import type { Answer } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install } from "./installation.ts";
import { addNamespace } from "./objects.ts";

/** The one that the Pods' objects are in. */
const INJECTED_NAMESPACE = "shop";
const ALONE = "shop-alone";

/** Pods of which what the API server does not take is ours, and written anew, by name, and why. */
const MENDED: Readonly<Record<string, string>> = {
  "huge-annotation": "its signatures are longer than annotations may be together",
};

let cluster: Cluster;
let installation: Installation;
beforeAll(async () => {
  cluster = await startCluster();
  installation = await install(cluster);
  await addNamespace(cluster, INJECTED_NAMESPACE, INJECTED);
  await addNamespace(cluster, ALONE);
  for (const { objects } of hostilePods) for (const entry of objects) await addObject(entry);
});
afterAll(async () => {
  await installation?.stop();
  await cluster?.stop();
});

const parseObject = object({ kind: string }, {});
const PLURALS: Readonly<Record<string, string>> = { ConfigMap: "configmaps", Secret: "secrets" };

/** One that the API server does not take either is not there. */
async function addObject(entry: object): Promise<void> {
  const { kind } = parseObject(entry, "object");
  const path = `/api/v1/namespaces/${INJECTED_NAMESPACE}/${PLURALS[kind]}`;
  const { status } = await cluster.admin.call("POST", path, entry);
  expect([201, 422]).toContain(status);
}

const create = (namespace: string, pod: object): Promise<Answer> =>
  cluster.admin.call("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);

/** The names of the containers behind the injector. */
function injectedIn(pod: object): readonly string[] {
  const { initContainers = [], containers } = parsePod(pod, "Pod").spec;
  const injected = [...initContainers, ...containers].filter(
    ({ command }) => command?.[0] === "/piggy/piggy-env",
  );
  return injected.map(({ name }) => name);
}

test("what it refuses by itself it refuses still, and what it admits is admitted or denied as it deserves", async () => {
  const seen = { refused: 0, denied: 0, admitted: 0 };
  for (const { name, pod, expected } of hostilePods) {
    const alone = await create(ALONE, pod);
    const { status, body } = await create(INJECTED_NAMESPACE, pod);
    const said = `${name}: ${status} ${String(body["message"]).slice(0, 300)}`;
    if (alone.status !== 201 && !Object.hasOwn(MENDED, name)) {
      seen.refused += 1;
      expect([400, 403, 413, 422], said).toContain(status);
    } else if (expected.denied !== undefined) {
      seen.denied += 1;
      expect(status, said).toBe(expected.denied.code);
      expect(body["message"]).toContain(expected.denied.words);
    } else {
      seen.admitted += 1;
      expect(status, said).toBe(201);
      expect(injectedIn(body)).toEqual(Object.keys(expected.wrapped ?? {}));
    }
  }
  console.log(`test/apiserver: of ${hostilePods.length} hostile Pods ${JSON.stringify(seen)}`);
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
}, 120_000);
