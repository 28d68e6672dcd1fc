import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { podWith } from "../admission/mutation.ts";
import { type CertificateAuthority, createCertificateAuthority } from "../fakes/certificates.ts";
import { type KubernetesFake, startKubernetes } from "../fakes/kubernetes.ts";
import { type RegistryFake, startRegistry } from "../fakes/registry.ts";
import { accountOf, runExplain } from "./explaining.ts";
import { kubeconfigOf } from "./kubeconfig.ts";

setDefaultTimeout(60_000);

const ACCOUNT = { namespace: "shop", serviceAccount: "reader" };
const SECRET_TEXT = "correct-horse-battery";

let kubernetes: KubernetesFake;
let registry: RegistryFake;
let authority: CertificateAuthority;
let directory: string;
let kubeconfig: string;
let environment: Record<string, string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "piggy-explain-"));
  authority = await createCertificateAuthority();
  registry = startRegistry({
    tls: await authority.issue({ names: ["localhost"] }),
    auth: { kind: "basic", users: { robot: "registry-password" } },
  });
  registry.pushImage("shop/api", "1", { Entrypoint: ["/api"], Cmd: ["serve"] });
  kubernetes = await startKubernetes();
  const metadata = (name: string) => ({ namespace: "shop", name });
  kubernetes.add({ apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("reader") });
  kubernetes.add({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata("api"),
    imagePullSecrets: [{ name: "pull" }],
  });
  kubernetes.add({
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata("pull"),
    data: {
      ".dockerconfigjson": btoa(
        JSON.stringify({ auths: { [registry.host]: { username: "robot", password: "registry-password" } } }),
      ),
    },
  });
  kubernetes.add({
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata("creds"),
    data: { token: btoa("piggy:TOKEN\n"), plain: btoa(SECRET_TEXT) },
  });
  kubernetes.add({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata("settings"),
    data: { URL: `https://\${piggy:USER}@host`, MODE: "fast" },
  });
  kubernetes.grant(
    "shop:reader",
    { resource: "configmaps", verb: "get" },
    { resource: "serviceaccounts", verb: "get" },
    { resource: "secrets", verb: "get", namespace: "shop" },
  );
  const token = await kubernetes.token({ ...ACCOUNT, expirationSeconds: 3600 });
  kubeconfig = join(directory, "config");
  await writeFile(kubeconfig, kubeconfigOf(kubernetes, { user: { token } }));
  const ca = join(directory, "registry.pem");
  await writeFile(ca, authority.pem);
  environment = { PIGGY_REGISTRY_ORIGINS: registry.url, PIGGY_REGISTRY_CA_FILE: ca };
});
afterAll(async () => {
  await Promise.all([kubernetes.stop(), registry.stop()]);
  await rm(directory, { recursive: true });
});

const explainPod = (pod: object) => accountOf(pod, { args: ["--kubeconfig", kubeconfig], environment });

describe("with a kubeconfig", () => {
  test("ConfigMaps and Secrets are looked up, and their references told without their text", async () => {
    const pod = podWith({
      env: [{ name: "PLAIN", value: "x" }],
      envFrom: [{ configMapRef: { name: "settings" } }, { prefix: "S_", secretRef: { name: "creds" } }],
    });
    const account = await explainPod(pod);
    expect(account.containers).toMatchObject([
      {
        action: "wrap",
        references: [
          { variable: "URL", keys: ["USER"], from: "envFrom ConfigMap settings, key URL" },
          { variable: "S_token", keys: ["TOKEN"], from: "envFrom Secret creds, key token" },
        ],
      },
    ]);
    expect(account.unknown).toEqual([]);
    const { stdout, stderr } = await runExplain(["--kubeconfig", kubeconfig, "-"], pod, environment);
    expect(stdout + stderr).not.toContain(SECRET_TEXT);
    expect(stdout).toContain(`asked: context dev of ${kubeconfig}, the images' registries`);
  });

  test("an entrypoint is looked up with the pull secrets of the Pod's service account", async () => {
    const image = `${registry.host}/shop/api:1`;
    const pod = podWith({ image, command: undefined }, { spec: { serviceAccountName: "api" } });
    expect((await explainPod(pod)).containers).toMatchObject([
      { command: { from: "image", argv: ["/api", "serve"] } },
    ]);
    const stranger = podWith({ image, command: undefined });
    const denied = await explainPod(stranger);
    expect(denied).toMatchObject({ allowed: false, patch: [], containers: [{ action: "undecided" }] });
    expect(denied.message).toContain("asks for basic authentication (no stored credentials match)");
  });

  test("an object that is not there, or not ours to read, is told apart", async () => {
    const pod = podWith({
      env: [],
      envFrom: [{ configMapRef: { name: "later" } }],
    });
    const absent = await explainPod(pod);
    expect(absent.containers[0]?.reason).toBe("ConfigMap later is absent: treated as if it held references");
    expect(absent.unknown).toEqual(["ConfigMap shop/later is not there yet"]);
    const elsewhere = podWith(
      { env: [], envFrom: [{ secretRef: { name: "creds" } }] },
      { metadata: { name: "api", namespace: "tools" } },
    );
    const forbidden = await explainPod(elsewhere);
    expect(forbidden.unknown).toEqual([
      "Secret tools/creds may not be read as who you are to the cluster; piggy-webhooks may be allowed to",
    ]);
  });

  test("a container that starts without its optional object's references is told to, and why", async () => {
    const image = `${registry.host}/shop/none:1`;
    const envFrom = [{ configMapRef: { name: "later", optional: true } }];
    const account = await explainPod(podWith({ image, command: undefined, env: [], envFrom }));
    expect(account).toMatchObject({ allowed: true, patch: [] });
    expect(account.containers).toMatchObject([
      {
        action: "leave",
        reason:
          "optional ConfigMap later is absent; a warning says why it starts without piggy-env all the same",
      },
    ]);
    expect(account.warnings[0]).toContain("container main starts without piggy-env");
  });

  test("the context's namespace is that of objects that name none", async () => {
    const pod = podWith({}, { metadata: { name: "api", namespace: undefined } });
    expect(await explainPod(pod)).toMatchObject({ namespace: "shop" });
  });

  test("a cluster that cannot mount images denies a Pod that must have it so", async () => {
    const account = await explainPod(
      podWith({}, { annotations: { "piggysec.com/piggy-delivery": "image" } }),
    );
    expect(account.allowed).toBe(false);
    expect(account.message).toContain("the API server is 1.34, older than 1.35");
  });

  test("nothing is asked of it with --offline, nor for a Pod that asks for nothing", async () => {
    const since = kubernetes.requests.length;
    const envFrom = [{ configMapRef: { name: "settings" } }];
    await accountOf(podWith({ envFrom }), { args: ["--offline", "--kubeconfig", kubeconfig], environment });
    await explainPod(podWith({ envFrom }, { metadata: { annotations: {} } }));
    expect(kubernetes.requests.length).toBe(since);
  });
});

test("without a kubeconfig, the home's is taken, and without one the registry is asked alone", async () => {
  const pod = podWith({ env: [], envFrom: [{ configMapRef: { name: "settings" } }] });
  const alone = await accountOf(pod, { args: [], environment });
  expect(alone.unknown).toContain("ConfigMap shop/settings was not looked up");
  const named = await accountOf(pod, { args: [], environment: { ...environment, KUBECONFIG: kubeconfig } });
  expect(named.unknown).toEqual([]);
  const anonymous = podWith({ image: `${registry.host}/shop/api:1`, command: undefined });
  const denied = await accountOf(anonymous, { args: [], environment });
  expect(denied.unknown).toContain(
    "imagePullSecrets were not looked up: registries were asked without credentials",
  );
});

test("in a Pod of the cluster, that is the one", async () => {
  const account = join(directory, "serviceaccount");
  await Promise.all([
    Bun.write(join(account, "ca.crt"), kubernetes.caPem),
    Bun.write(join(account, "token"), await kubernetes.token({ ...ACCOUNT, expirationSeconds: 3600 })),
    Bun.write(join(account, "namespace"), "shop"),
  ]);
  const inPod = {
    ...environment,
    KUBERNETES_SERVICE_HOST: kubernetes.host,
    KUBERNETES_SERVICE_PORT: String(kubernetes.port),
    PIGGY_SERVICE_ACCOUNT_DIR: account,
  };
  const pod = podWith(
    { env: [], envFrom: [{ configMapRef: { name: "settings" } }] },
    { metadata: { name: "api", namespace: undefined } },
  );
  const said = await accountOf(pod, { args: [], environment: inPod });
  expect(said).toMatchObject({ namespace: "shop", unknown: [] });
});

test("a cluster that does not answer is said, with the way out, and is exit code 2", async () => {
  const silent = await startKubernetes();
  const file = join(directory, "gone");
  await writeFile(file, kubeconfigOf(silent, { user: { token: "x" } }));
  await silent.stop();
  const { exitCode, stderr } = await runExplain(["--kubeconfig", file, "-"], podWith());
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`context dev of ${file}: Kubernetes API: GET /version: `);
  expect(stderr).toContain("--offline explains without it");
});
