/** Pods that a real API server sends to the webhook, and what it makes of the answers. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { containerOf, isWrapped, podWith } from "../admission/mutation.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import type { Answer } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { INJECTED, type Installation, install } from "./installation.ts";
import { addNamespace, podsOf } from "./objects.ts";

const NAMESPACE = "shop";

let cluster: Cluster;
let installation: Installation;
beforeAll(async () => {
  cluster = await startCluster();
  installation = await install(cluster);
  await addNamespace(cluster, NAMESPACE, INJECTED);
});
afterAll(async () => {
  await installation?.stop();
  await cluster?.stop();
});

const create = (pod: object, query = ""): Promise<Answer> =>
  cluster.admin.call("POST", podsOf(NAMESPACE) + query, pod);
const stored = (name: string): Promise<Answer> => cluster.admin.call("GET", `${podsOf(NAMESPACE)}/${name}`);
const named = (name: string, container: object = {}, annotations: Record<string, string> = {}) =>
  podWith(container, {
    metadata: { name, annotations: { "piggysec.com/aws-secret-name": "shop/api", ...annotations } },
  });

test("a Pod with a reference is stored with what the webhook added", async () => {
  expect(await create(named("reference"))).toMatchObject({ status: 201, warnings: [] });
  const { body } = await stored("reference");
  const pod = parsePod(body, "Pod");
  expect(isWrapped(pod)).toBe(true);
  expect(containerOf(pod).args).toEqual(["--", "/app"]);
  expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(["install-piggy-env"]);
  expect(pod.metadata.annotations).toHaveProperty(["piggysec.com/piggy-uid"]);
});

test("a Pod without one is stored as it came", async () => {
  const before = named("plain", { env: [{ name: "PASSWORD", value: "text" }] });
  expect(await create(before)).toMatchObject({ status: 201, warnings: [] });
  expect(await stored("plain")).toMatchObject({ body: { spec: before.spec } });
  const { metadata, spec } = parsePod((await stored("plain")).body, "Pod");
  expect(metadata.annotations).toEqual(before.metadata.annotations);
  expect(spec.initContainers).toBeUndefined();
});

test("a denial is the client's 403, with the reason, and nothing is stored", async () => {
  const { status, body } = await create(named("denied", { image: "127.0.0.1:1/app", command: [] }));
  expect({ status, reason: body["reason"] }).toEqual({ status: 403, reason: "Forbidden" });
  expect(body["message"]).toMatch(
    /^admission webhook "piggy-webhooks.example.com" denied the request: piggy: /,
  );
  expect(body["message"]).toContain('container "main"');
  expect(await stored("denied")).toMatchObject({ status: 404 });
});

test("a warning reaches the client", async () => {
  const unknown = named("warned", {}, { "piggysec.com/aws-secret-nam": "" });
  expect(await create(unknown)).toMatchObject({
    status: 201,
    warnings: [expect.stringContaining("piggysec.com/aws-secret-nam")],
  });
});

test("a dry run shows the Pod as it would be, and stores nothing", async () => {
  const { status, body } = await create(named("dry"), "?dryRun=All");
  expect(status).toBe(201);
  expect(isWrapped(parsePod(body, "Pod"))).toBe(true);
  expect(await stored("dry")).toMatchObject({ status: 404 });
});

test("a Pod that is given its name by the API server is injected too", async () => {
  const { body } = await create(podWith({}, { metadata: { name: undefined, generateName: "generated-" } }));
  const pod = parsePod(body, "Pod");
  expect(pod.metadata.name).toMatch(/^generated-\w{5}$/);
  expect(isWrapped(pod)).toBe(true);
});

test("an ephemeral container with a reference is added as it is, with a warning", async () => {
  const shell = { name: "shell", image: "shell:1", env: [{ name: "PASSWORD", value: "piggy:PASSWORD" }] };
  expect(await create(named("debugged"))).toMatchObject({ status: 201 });
  const { status, warnings } = await cluster.admin.call(
    "PATCH",
    `${podsOf(NAMESPACE)}/debugged/ephemeralcontainers`,
    { spec: { ephemeralContainers: [shell] } },
    "application/strategic-merge-patch+json",
  );
  expect({ status, warnings }).toEqual({
    status: 200,
    warnings: [expect.stringContaining("ephemeral container shell: its references stay text")],
  });
  expect(await stored("debugged")).toMatchObject({ body: { spec: { ephemeralContainers: [shell] } } });
});

test("where Pods are held to the restricted standard, one that meets it does so with the injector", async () => {
  const restricted = podsOf("restricted");
  await addNamespace(cluster, "restricted", {
    ...INJECTED,
    "pod-security.kubernetes.io/enforce": "restricted",
  });
  expect(
    await cluster.admin.call(
      "POST",
      restricted,
      podWith({}, { metadata: { name: "careless", namespace: "restricted" } }),
    ),
  ).toMatchObject({
    status: 403,
    body: { message: expect.stringContaining("violates PodSecurity") },
  });
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  };
  const careful = podWith({ securityContext }, { metadata: { name: "careful", namespace: "restricted" } });
  const { body, warnings } = await cluster.admin.call("POST", restricted, careful);
  expect(body["message"]).toBeUndefined();
  expect(warnings).toEqual([]);
  expect(isWrapped(parsePod(body, "Pod"))).toBe(true);
});
