import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKubernetesClient, type KubernetesClient } from "../../lib/kubernetes/client.ts";
import { type ClusterConfig, readClusterConfig } from "../../lib/kubernetes/config.ts";
import { createLookups } from "../../lib/kubernetes/lookups.ts";
import { tokenFromFile } from "../../lib/kubernetes/token.ts";
import { type KubernetesFake, startKubernetes } from "../fakes/kubernetes.ts";

setDefaultTimeout(60_000);

const ACCOUNT = { namespace: "piggy-webhooks", serviceAccount: "piggy-webhooks" };
const SPEC = { serviceAccountName: "default", containers: [{ name: "app", image: "app" }] };
const READ_POD = { method: "GET", path: "/api/v1/namespaces/shop/pods/cart" } as const;

let kubernetes: KubernetesFake;
let directory: string;
let config: ClusterConfig;

beforeAll(async () => {
  kubernetes = await startKubernetes();
  const { namespace, serviceAccount: name } = ACCOUNT;
  kubernetes.add({ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } });
  kubernetes.grant(
    `${namespace}:${name}`,
    { resource: "pods", verb: "get" },
    { resource: "configmaps", verb: "get" },
  );
  kubernetes.add({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "shop", name: "cart" },
    spec: SPEC,
  });
  directory = await mkdtemp(join(tmpdir(), "piggy-kubernetes-"));
  await writeFile(join(directory, "ca.crt"), kubernetes.caPem);
  await writeFile(join(directory, "namespace"), `${namespace}\n`);
  await writeToken();
  config = await readClusterConfig(
    { KUBERNETES_SERVICE_HOST: kubernetes.host, KUBERNETES_SERVICE_PORT: String(kubernetes.port) },
    directory,
  );
});
afterAll(async () => {
  await kubernetes.stop();
  await rm(directory, { recursive: true });
});

async function writeToken(text?: string): Promise<void> {
  const token = text ?? (await kubernetes.token(ACCOUNT));
  await writeFile(join(directory, "token"), `${token}\n`);
}

const soon = () => AbortSignal.timeout(10_000);
const statuses = (since: number) => kubernetes.requests.slice(since).map(({ status }) => status);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error) => [error.code, error.message],
  );

describe("the token", () => {
  test("is read from its file, the line's end left off", async () => {
    const response = await createKubernetesClient(config).request({ ...READ_POD, signal: soon() });
    expect(response).toMatchObject({ ok: true, object: { metadata: { name: "cart" } } });
    expect(kubernetes.requests.at(-1)?.user).toBe("system:serviceaccount:piggy-webhooks:piggy-webhooks");
  });

  test("is read again when it is refused, because the kubelet has replaced it", async () => {
    const expired = await kubernetes.token({ ...ACCOUNT, expirationSeconds: -3600 });
    await writeToken(expired);
    const client = createKubernetesClient(config);
    const since = kubernetes.requests.length;
    expect(await client.request({ ...READ_POD, signal: soon() })).toMatchObject({ ok: false, code: 401 });
    await writeToken();
    expect(await client.request({ ...READ_POD, signal: soon() })).toMatchObject({ ok: true });
    // What was read last stays in use until it is refused.
    expect(await client.request({ ...READ_POD, signal: soon() })).toMatchObject({ ok: true });
    expect(statuses(since)).toEqual([401, 401, 401, 200, 200]);
  });

  test("is not read for each request, but again after a minute", async () => {
    let now = 0;
    const source = tokenFromFile(join(directory, "token"), () => now);
    await writeToken("first");
    expect(await source.current()).toBe("first");
    await writeToken("second");
    now = 60_000;
    expect(await source.current()).toBe("first");
    now = 60_001;
    expect(await source.current()).toBe("second");
    await writeToken();
  });

  test("that is not there is said to be so", async () => {
    const client = createKubernetesClient({ ...config, tokenFile: join(directory, "none") });
    const [code, message] = await codeOf(client.request({ ...READ_POD, signal: soon() }));
    expect(code).toBe("kubernetes_unavailable");
    expect(message).toContain(join(directory, "none"));
  });
});

describe("the cluster's configuration", () => {
  const environment = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
  const urlOf = async (more: Readonly<Record<string, string>>) =>
    (await readClusterConfig({ ...environment, ...more }, directory)).url;

  test("puts an IPv6 host in brackets", async () => {
    const address = { KUBERNETES_SERVICE_HOST: "fd00:10:96::1", KUBERNETES_SERVICE_PORT: "443" };
    expect(await urlOf(address)).toBe("https://[fd00:10:96::1]:443");
  });

  test("takes the port of the name https, then the Service's, then 443", async () => {
    const both = { KUBERNETES_SERVICE_PORT_HTTPS: "6443", KUBERNETES_SERVICE_PORT: "8443" };
    expect(await urlOf(both)).toBe("https://10.96.0.1:6443");
    expect(await urlOf({ KUBERNETES_SERVICE_PORT: "8443" })).toBe("https://10.96.0.1:8443");
    expect(await urlOf({})).toBe("https://10.96.0.1:443");
  });

  test("names the namespace without the line's end", () => {
    expect(config.namespace).toBe("piggy-webhooks");
  });

  test("is refused outside of a cluster, with what is missing", async () => {
    const [code, message] = await codeOf(readClusterConfig({}, directory));
    expect(code).toBe("not_in_cluster");
    expect(message).toContain("KUBERNETES_SERVICE_HOST");
    const [otherCode, otherMessage] = await codeOf(readClusterConfig(environment, `${directory}/none`));
    expect(otherCode).toBe("not_in_cluster");
    expect(otherMessage).toContain(`${directory}/none/ca.crt`);
  });
});

describe("an answer", () => {
  let client: KubernetesClient;
  let lookups: ReturnType<typeof createLookups>;

  beforeAll(() => {
    client = createKubernetesClient(config);
    lookups = createLookups(client);
  });

  test.each<[number, string]>([
    [403, "forbidden"],
    [404, "the server could not find the requested resource"],
    [409, "Operation cannot be fulfilled: the object has been modified"],
  ])("of %d is one, with the API server's own message", async (status, message) => {
    kubernetes.failNext({ status, times: 1 });
    const response = await client.request({ ...READ_POD, signal: soon() });
    expect(response).toMatchObject({ ok: false, code: status, message });
  });

  test.each<[number, string]>([
    [429, "Too many requests, please try again later."],
    [500, "Internal error occurred: etcdserver: leader changed"],
    [503, "the server is currently unable to handle the request"],
  ])("of %d is none, and says why in the API server's words", async (status, message) => {
    kubernetes.failNext({ status, times: 1 });
    expect(await codeOf(client.request({ ...READ_POD, signal: soon() }))).toEqual([
      "kubernetes_unavailable",
      `Kubernetes API: GET ${READ_POD.path}: ${status} ${message}`,
    ]);
  });

  test("that does not come in time is not waited for", async () => {
    const { promise: never, resolve } = Promise.withResolvers<void>();
    kubernetes.failNext({ status: 404, times: 1, until: never });
    expect(await codeOf(client.request({ ...READ_POD, signal: AbortSignal.timeout(50) }))).toEqual([
      "kubernetes_unavailable",
      `Kubernetes API: GET ${READ_POD.path}: no answer in time`,
    ]);
    resolve();
  });

  test("of a server whose certificate is another authority's is not read", async () => {
    const other = await startKubernetes();
    const stranger = createKubernetesClient({ ...config, url: `https://${other.host}:${other.port}` });
    const [code] = await codeOf(stranger.request({ ...READ_POD, signal: soon() }));
    expect(code).toBe("kubernetes_unavailable");
    expect(other.requests).toEqual([]);
    await other.stop();
  });

  test("tells an object that is not there from one that may not be read", async () => {
    const configMap = { kind: "ConfigMap", name: "none" } as const;
    expect(await lookups.readObject("shop", configMap, soon())).toEqual({ seen: false, reason: "absent" });
    expect(await lookups.readObject("shop", { kind: "Secret", name: "none" }, soon())).toEqual({
      seen: false,
      reason: "forbidden",
    });
    expect(await lookups.readPod({ namespace: "shop", name: "none" }, soon())).toBeUndefined();
  });

  test("that refuses a Pod is an error in the API server's words", async () => {
    kubernetes.failNext({ status: 403, times: 1 });
    expect(await codeOf(lookups.readPod({ namespace: "shop", name: "cart" }, soon()))).toEqual([
      "kubernetes_error",
      "Kubernetes API: 403 forbidden",
    ]);
  });

  test("of a Pod from memory is that very Pod or none, and as it is stored whichever has the name", async () => {
    const add = (uid: string) =>
      kubernetes.add({ kind: "Pod", metadata: { namespace: "shop", name: "two", uid }, spec: SPEC });
    add("first");
    using _ = kubernetes.holdCache();
    add("second");
    const key = { namespace: "shop", name: "two" };
    expect((await lookups.readCachedPod({ ...key, uid: "first" }, soon()))?.uid).toBe("first");
    expect(await lookups.readCachedPod({ ...key, uid: "second" }, soon())).toBeUndefined();
    expect((await lookups.readPod(key, soon()))?.uid).toBe("second");
  });

  test("of what a Pod names at admission is as it is stored", async () => {
    using _ = kubernetes.holdCache();
    kubernetes.add({ kind: "ConfigMap", metadata: { namespace: "shop", name: "fresh" }, data: { a: "1" } });
    expect(await lookups.readObject("shop", { kind: "ConfigMap", name: "fresh" }, soon())).toEqual({
      seen: true,
      data: new Map([["a", "1"]]),
    });
  });

  test("for an empty name is that there is none, and nothing is asked: it would be a list", async () => {
    const since = kubernetes.requests.length;
    expect(await lookups.readPod({ namespace: "shop", name: "" }, soon())).toBeUndefined();
    expect(await lookups.readObject("", { kind: "ConfigMap", name: "a" }, soon())).toEqual({
      seen: false,
      reason: "absent",
    });
    expect(kubernetes.requests.slice(since)).toEqual([]);
  });

  test.each([".", "..", "../secrets/a?b#c", "UPPER", "a".repeat(254)])(
    "for the name %j is not asked for",
    async (name) => {
      const since = kubernetes.requests.length;
      expect(await lookups.readPod({ namespace: "shop", name }, soon())).toBeUndefined();
      expect(kubernetes.requests.slice(since)).toEqual([]);
    },
  );
});
