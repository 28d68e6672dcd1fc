/** What a real API server says of Pods by their resources, with the install container as without it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { containerOf, containerWith, isWrapped, podWith } from "../admission/mutation.ts";
import { type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install } from "./installation.ts";
import { add, addNamespace, eventually, podsOf } from "./objects.ts";

const INJECTED_NAMESPACE = "injected";
const PLAIN_NAMESPACE = "plain";

let cluster: Cluster;
let installation: Installation;
beforeAll(async () => {
  cluster = await startCluster();
  installation = await install(cluster);
  await addNamespace(cluster, INJECTED_NAMESPACE, INJECTED);
  await addNamespace(cluster, PLAIN_NAMESPACE);
});
afterAll(async () => {
  await installation?.stop();
  await cluster?.stop();
});

const AMOUNTS = { cpu: "500m", memory: "128Mi" };
const GUARANTEED = { resources: { limits: AMOUNTS } };
const BURSTABLE = { resources: { limits: AMOUNTS, requests: { cpu: "100m" } } };

let made = 0;
const created = (namespace: string, spec: object) => {
  made += 1;
  const pod = podWith({}, { metadata: { name: `pod-${made}`, namespace }, spec });
  return cluster.admin.call("POST", podsOf(namespace), pod);
};

async function qualityIn(namespace: string, spec: object): Promise<unknown> {
  const { status, body } = await created(namespace, spec);
  expect(body["message"]).toBeUndefined();
  expect(status).toBe(201);
  if (namespace === INJECTED_NAMESPACE) expect(isWrapped(parsePod(body, "Pod"))).toBe(true);
  return Object.entries(body["status"] ?? {}).find(([name]) => name === "qosClass")?.[1];
}

describe("a Pod's quality of service with the install container", () => {
  const init = containerWith({ name: "init", env: [], ...GUARANTEED });
  const sidecar = { ...containerWith({ name: "sidecar", ...GUARANTEED }), restartPolicy: "Always" };
  test.each<[string, object, string, string]>([
    ["is Guaranteed as before", { containers: [containerWith(GUARANTEED)] }, "Guaranteed", "Guaranteed"],
    [
      "is Guaranteed as before with init containers and sidecars",
      { containers: [containerWith(GUARANTEED)], initContainers: [init, sidecar] },
      "Guaranteed",
      "Guaranteed",
    ],
    [
      "is Guaranteed as before by resources of the Pod's own",
      { containers: [containerWith()], resources: { limits: { cpu: "20m", memory: "32Mi" } } },
      "Guaranteed",
      "Guaranteed",
    ],
    ["is Burstable as before", { containers: [containerWith(BURSTABLE)] }, "Burstable", "Burstable"],
    ["is Burstable where it was BestEffort", { containers: [containerWith()] }, "BestEffort", "Burstable"],
  ])("%s", async (_, spec, without, withIt) => {
    expect(await qualityIn(PLAIN_NAMESPACE, spec)).toBe(without);
    expect(await qualityIn(INJECTED_NAMESPACE, spec)).toBe(withIt);
  });
});

test("where a quota wants limits of every container, the install container has them, and counts no more than the Pod", async () => {
  const namespace = "quota";
  await addNamespace(cluster, namespace, INJECTED);
  const hard = { "limits.cpu": "600m", "limits.memory": "1Gi", "requests.cpu": "600m" };
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
  const quota = await add(cluster, path, {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "quota" },
    spec: { hard },
  });
  // A controller would do this.
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]));
  await cluster.admin.call("PUT", `${path}/quota/status`, { ...quota, status: { hard, used } });
  await eventually("the quota is in force", async () => {
    const { status } = await created(namespace, { containers: [containerWith()] });
    return status === 403;
  });
  const { body } = await created(namespace, { containers: [containerWith(GUARANTEED)] });
  expect(body["message"]).toBeUndefined();
  expect(await cluster.admin.call("GET", `${path}/quota`)).toMatchObject({
    body: { status: { used: { "limits.cpu": "500m", "requests.cpu": "500m" } } },
  });
});

test("where a LimitRange sets defaults and bounds, the install container keeps within them", async () => {
  const namespace = "limits";
  await addNamespace(cluster, namespace, INJECTED);
  await add(cluster, `/api/v1/namespaces/${namespace}/limitranges`, {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "limits" },
    spec: {
      limits: [
        { type: "Container", default: AMOUNTS, defaultRequest: AMOUNTS, max: AMOUNTS, min: { cpu: "100m" } },
      ],
    },
  });
  const pods: Pod[] = [];
  await eventually("the limits are in force", async () => {
    const { body } = await created(namespace, { containers: [containerWith()] });
    expect(body["message"]).toBeUndefined();
    const pod = parsePod(body, "Pod");
    pods.push(pod);
    return containerOf(pod).resources?.limits?.["cpu"] === AMOUNTS.cpu;
  });
  const pod = pods.at(-1);
  if (pod === undefined) throw new Error("no Pod");
  const { limits, requests } = containerOf(pod, "install-piggy-env").resources ?? {};
  // Its defaults made the Pod Guaranteed before the webhook saw it.
  expect(requests).toEqual(limits ?? {});
  expect(limits?.["cpu"]).toBe("200m");
});
