/** What an API server makes of what Helm brings it, with no node and nobody who acts on it. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Cluster, startCluster } from "../apiserver/cluster.ts";
import { addNamespace } from "../apiserver/objects.ts";
import { number, object } from "../fakes/kubernetes/schema.ts";
import { CHART, createHelm, type Helm } from "./helm.ts";

let cluster: Cluster;
let helm: Helm;
beforeAll(async () => {
  cluster = await startCluster();
  helm = await createHelm(cluster);
});
afterAll(() => cluster?.stop());

async function bring(command: "install" | "upgrade", release: string, namespace: string, values: object) {
  const options = ["--namespace", namespace, "--values", await helm.values(values)];
  return helm.run(command, release, CHART, ...options);
}

test("an autoscaler that is turned on finds the replicas that are there, and its number stays at an upgrade", async () => {
  const namespace = "autoscaled";
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/piggy-webhooks`;
  const parseDeployment = object({ spec: object({ replicas: number }, {}) }, {});
  const replicas = async () =>
    parseDeployment((await cluster.admin.call("GET", path)).body, "Deployment").spec.replicas;
  const scaleTo = (count: number) =>
    cluster.admin.call("PATCH", path, { spec: { replicas: count } }, "application/merge-patch+json");
  const upgrade = (minReplicas: number) =>
    bring("upgrade", "piggy-webhooks", namespace, { autoscaling: { enabled: true, minReplicas } });

  await addNamespace(cluster, namespace);
  await bring("install", "piggy-webhooks", namespace, { replicaCount: 4 });
  await upgrade(2);
  expect(await replicas()).toBe(4);
  await scaleTo(7);
  await upgrade(2);
  expect(await replicas()).toBe(7);
  await upgrade(8);
  expect(await replicas()).toBe(8);
});

test("names and texts that YAML takes for numbers are taken as they are", async () => {
  const number = "123";
  const release = "456";
  const text = {
    "example.com/number": 20240101,
    "example.com/fraction": 1.5,
    "example.com/boolean": true,
    "example.com/text": "7",
  };
  await addNamespace(cluster, number);
  await bring("install", release, number, {
    nameOverride: number,
    fullnameOverride: number,
    serviceAccount: { name: number, annotations: text },
    podLabels: text,
    podAnnotations: text,
    nodeSelector: text,
    priorityClassName: number,
    rbac: { secrets: [number] },
    test: { namespace: number },
    prePull: { enabled: true, nodeSelector: text },
  });
  const { body } = await cluster.admin.call(
    "GET",
    `/apis/apps/v1/namespaces/${number}/deployments/${number}`,
  );
  const texts = {
    "example.com/number": "20240101",
    "example.com/fraction": "1.5",
    "example.com/boolean": "true",
    "example.com/text": "7",
  };
  expect(body).toMatchObject({
    spec: {
      template: {
        metadata: { labels: { ...texts, "app.kubernetes.io/instance": release }, annotations: texts },
        spec: { serviceAccountName: number, nodeSelector: texts },
      },
    },
  });
});
