import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createCertificateAuthority } from "../certificates.ts";
import { type KubernetesFake, startKubernetes } from "../kubernetes.ts";

let kubernetes: KubernetesFake;
let webhook: Awaited<ReturnType<typeof startWebhook>>;

beforeAll(async () => {
  kubernetes = await startKubernetes();
  webhook = await startWebhook();
  kubernetes.add({ kind: "ServiceAccount", metadata: { name: "app", namespace: "shop" } });
});

afterAll(async () => {
  await kubernetes.stop();
  await webhook.stop();
});

/** A webhook that answers what the test says, under a certificate of its own authority. */
async function startWebhook() {
  const authority = await createCertificateAuthority();
  const seen: { path: string; contentType: string | null; body: Review }[] = [];
  const state: { respond: (uid: string) => unknown; status: number } = { respond: () => ({}), status: 200 };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: await authority.issue({ names: ["127.0.0.1"] }),
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body: Review = JSON.parse(await request.text());
      seen.push({ path: pathname + search, contentType: request.headers.get("content-type"), body });
      return Response.json(state.respond(body.request.uid), { status: state.status });
    },
  });
  return {
    url: `https://127.0.0.1:${server.port}`,
    caPem: authority.pem,
    seen,
    state,
    stop: () => server.stop(true),
  };
}

interface Review {
  readonly kind: string;
  readonly request: {
    readonly uid: string;
    readonly name?: string;
    readonly object: { metadata: object; spec: object };
  };
}

const review = (response: object) => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  response,
});
const patching = (operations: unknown) => (uid: string) =>
  review({
    uid,
    allowed: true,
    patchType: "JSONPatch",
    patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
  });

const manifest = (name: object, container: object = {}) => ({
  metadata: { namespace: "shop", ...name },
  spec: { serviceAccountName: "app", containers: [{ name: "main", image: "app:1", ...container }] },
});

describe("creating a Pod", () => {
  const create = (pod: object, respond: (uid: string) => unknown) => {
    kubernetes.webhook = webhook;
    webhook.state.respond = respond;
    return kubernetes.createPod(pod);
  };
  const allow = (uid: string) => review({ uid, allowed: true });

  test("the webhook sees the defaulted Pod, and no name where one is generated", async () => {
    const created = await create(manifest({ generateName: "web-" }), allow);
    const { path, contentType, body } = webhook.seen.at(-1) ?? {};
    expect(path).toBe("/mutate?timeout=10s");
    expect(contentType).toBe("application/json");
    expect(body).toMatchObject({
      kind: "AdmissionReview",
      request: {
        operation: "CREATE",
        namespace: "shop",
        oldObject: null,
        dryRun: false,
        object: {
          spec: { containers: [{ imagePullPolicy: "IfNotPresent", terminationMessagePolicy: "File" }] },
        },
      },
    });
    expect(body?.request).not.toHaveProperty("name");
    for (const field of ["name", "uid"]) expect(body?.request.object.metadata).not.toHaveProperty(field);
    if (!created.allowed) throw new Error(created.status.message);
    expect(created.pod.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
    expect(created.pod.metadata).toHaveProperty("creationTimestamp", expect.stringMatching(/^\d{4}-.*Z$/));
    expect(kubernetes.pod("shop", created.pod.metadata.name)).toEqual(created.pod);
  });

  test("a patch is applied, decoded and returned, and what it adds is defaulted and gets the token", async () => {
    const install = { name: "install", image: "piggy" };
    const patch = [{ op: "add", path: "/spec/initContainers", value: [install] }];
    const created = await create(manifest({ name: "patched" }), patching(patch));
    expect(created).toMatchObject({
      allowed: true,
      patch,
      pod: {
        spec: {
          initContainers: [{ ...install, imagePullPolicy: "Always", volumeMounts: [{ readOnly: true }] }],
        },
      },
    });
    if (!created.allowed) throw new Error(created.status.message);
    expect(created.pod.spec.volumes?.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^kube-api-access-\w{5}$/),
    ]);
  });

  test.each([
    ["the Pod", { automountServiceAccountToken: false }, "app"],
    ["its ServiceAccount", {}, "quiet"],
  ])("no token is mounted when %s says so", async (_, spec, serviceAccountName) => {
    kubernetes.add({
      kind: "ServiceAccount",
      metadata: { name: "quiet", namespace: "shop" },
      automountServiceAccountToken: false,
    });
    const pod = manifest({ generateName: "quiet-" });
    const created = await create({ ...pod, spec: { ...pod.spec, ...spec, serviceAccountName } }, allow);
    expect(created).toMatchObject({ allowed: true });
    expect(JSON.stringify(created)).not.toContain("kube-api-access");
  });

  test("a denial is returned with its status and warnings, and nothing is stored", async () => {
    const denied = await create(manifest({ name: "denied" }), (uid) =>
      review({ uid, allowed: false, status: { code: 422, message: "add an image" }, warnings: ["careful"] }),
    );
    expect(denied).toMatchObject({
      allowed: false,
      warnings: ["careful"],
      status: { code: 422, message: "admission webhook denied the request: add an image" },
    });
    expect(kubernetes.pod("shop", "denied")).toBeUndefined();
  });

  const mount = (mountPath: string, name = "missing") => ({
    op: "add",
    path: "/spec/containers/0/volumeMounts/-",
    value: { name, mountPath },
  });
  const container = (value: object) => ({ op: "add", path: "/spec/containers/-", value });
  const encoded = Buffer.from("[]").toString("base64");
  test.each<[string, (uid: string) => unknown, string]>([
    ["an empty answer", () => null, "expected an object, found null"],
    [
      "another version",
      (uid) => ({ ...review({ uid, allowed: true }), apiVersion: "admission.k8s.io/v1beta1" }),
      "expected webhook response of",
    ],
    ["another uid", () => review({ uid: "x", allowed: true }), "expected response.uid="],
    ["no verdict", (uid) => review({ uid }), "response.allowed: expected a boolean"],
    [
      "a patch without a type",
      (uid) => review({ uid, allowed: true, patch: encoded }),
      "but not response.patchType",
    ],
    [
      "a type without a patch",
      (uid) => review({ uid, allowed: true, patchType: "JSONPatch" }),
      "but not response.patch",
    ],
    [
      "another type of patch",
      (uid) => review({ uid, allowed: true, patch: encoded, patchType: "Merge" }),
      "invalid response.patchType",
    ],
    [
      "a patch that is not base64",
      (uid) => review({ uid, allowed: true, patch: "[{}]", patchType: "JSONPatch" }),
      "not base64",
    ],
    ["a patch of a missing path", patching([{ op: "remove", path: "/spec/nothing" }]), "MissingError"],
    ["a failed test", patching([{ op: "test", path: "/spec/serviceAccountName", value: "x" }]), "TestError"],
    ["an add without a value", patching([{ op: "add", path: "/spec/x" }]), "has no value"],
    ["a mount of no volume", patching([mount("/x")]), 'Not found: "missing"'],
    ["one path mounted twice", patching([mount("/x"), mount("/x")]), 'mountPath: Duplicate value: "/x"'],
    [
      "one container name twice",
      patching([container({ name: "main", image: "x" })]),
      'Duplicate value: "main"',
    ],
    ["a container without an image", patching([container({ name: "extra" })]), "image: Required value"],
    [
      "a variable without a name",
      patching([container({ name: "extra", image: "x", env: [{ name: "" }] })]),
      "env[0].name: Required",
    ],
    [
      "a value of the wrong type",
      patching([container({ name: "extra", image: "x", env: [{ name: "A", value: 1 }] })]),
      "expected a string",
    ],
    [
      "one volume name twice",
      patching([{ op: "copy", from: "/spec/volumes/0", path: "/spec/volumes/-" }]),
      "spec.volumes.name: Duplicate",
    ],
  ])("%s is a fault of the webhook", async (_, respond, fault) => {
    await expect(create(manifest({ name: "faulty" }), respond)).rejects.toThrow(fault);
    expect(kubernetes.pod("shop", "faulty")).toBeUndefined();
  });

  test("a webhook with a certificate of another authority is not asked", async () => {
    const before = webhook.seen.length;
    webhook.state.respond = allow;
    kubernetes.webhook = { ...webhook, caPem: kubernetes.caPem };
    await expect(kubernetes.createPod(manifest({ name: "faulty" }))).rejects.toThrow(
      "failed calling webhook",
    );
    expect(webhook.seen.length).toBe(before);
  });

  test("an HTTP error of the webhook is a fault, whatever its body says", async () => {
    webhook.state.status = 500;
    await expect(create(manifest({ name: "faulty" }), allow)).rejects.toThrow("status 500");
    webhook.state.status = 200;
  });

  test("an unknown service account and a second Pod of one name are refused", async () => {
    await create(manifest({ name: "twin" }), allow);
    await expect(kubernetes.createPod(manifest({ name: "twin" }))).rejects.toThrow(
      'pods "twin" already exists',
    );
    const orphan = { metadata: { name: "orphan" }, spec: { serviceAccountName: "none", containers: [] } };
    await expect(kubernetes.createPod(orphan)).rejects.toThrow('serviceaccount "none" not found');
  });

  test("annotations can be patched after admission, uid and the rest stay", async () => {
    await create(manifest({ name: "annotated" }), allow);
    const uid = kubernetes.pod("shop", "annotated")?.metadata.uid;
    kubernetes.patchPodAnnotations("shop", "annotated", { "piggysec.com/debug": "true" });
    const { metadata } = kubernetes.pod("shop", "annotated") ?? {};
    expect(uid).toBeString();
    expect(metadata).toMatchObject({ uid, annotations: { "piggysec.com/debug": "true" } });
  });

  test("a Pod restored from a stored one gets a uid, a creation time and a status of its own", async () => {
    const restored = {
      ...manifest({ name: "restored", uid: "old", creationTimestamp: "2020-01-01T00:00:00Z" }),
      status: { phase: "Running" },
    };
    const created = await create(restored, allow);
    if (!created.allowed) throw new Error(created.status.message);
    expect(created.pod.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.stringify(created.pod)).not.toContain("2020-01-01");
    expect(created.pod.status).toEqual({ phase: "Pending" });
  });
});
