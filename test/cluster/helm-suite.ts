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

test("the replicas that an autoscaler has come to stay at an upgrade", async () => {
  const namespace = "autoscaled";
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/piggy-webhooks`;
  const parseDeployment = object({ spec: object({ replicas: number }, {}) }, {});
  const autoscaling = { enabled: true, minReplicas: 2 };

  await addNamespace(cluster, namespace);
  await bring("install", "piggy-webhooks", namespace, { autoscaling });
  await cluster.admin.call("PATCH", path, { spec: { replicas: 7 } }, "application/merge-patch+json");
  await bring("upgrade", "piggy-webhooks", namespace, { autoscaling, podLabels: { upgraded: "yes" } });
  const { body } = await cluster.admin.call("GET", path);
  expect(parseDeployment(body, "Deployment").spec.replicas).toBe(7);
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
