/** The certificate that piggy-webhooks makes itself, on a real node: what keeps it, and what comes after it. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { list, object, string } from "../fakes/kubernetes/schema.ts";
import { REGION } from "../support/world.ts";
import { applyTemplate } from "./apply-template.ts";
import { CHART } from "./helm.ts";
import {
  type ChartInstallation,
  installChart,
  OWN_NAMESPACE,
  RELEASE,
  RESTRICTED,
  runHelm,
} from "./installation.ts";
import {
  CONFIGURATION,
  caBundle,
  OWN_SECRET,
  ownSecret,
  servedSince,
  serviceAddress,
} from "./kept-certificate.ts";
import { killProcess } from "./kill-process.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addOperatorsCertificate } from "./operators-certificate.ts";
import { addLiveNamespace, addPullSecret, restartsOf, says, stored } from "./pods.ts";
import { LINGER, pushCompiled } from "./program-image.ts";
import { restrictedPod } from "./restricted-pod.ts";
import { startStream } from "./stream.ts";

const NAMESPACE = "restricted";
const SECRET = "restricted/sample";
const VALUE = "from AWS";
const ANNOTATIONS = { "piggysec.com/aws-secret-name": SECRET };

let node: OneNode;
let installation: ChartInstallation;
let image: string;
beforeAll(async () => {
  node = await startOneNode();
  installation = await installChart(node);
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  image = await pushCompiled(node, "linger", LINGER);
  await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
  await addPullSecret(node.cluster, NAMESPACE, node.dockerConfig);
});
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
});

const helm = (command: "install" | "upgrade", values: object) =>
  runHelm(node, installation, command, [CHART], values);

/** A Pod that names what it runs, so that no registry is asked: admitted, and not stored. */
async function admit(): Promise<void> {
  const env = [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }];
  const container = { command: ["/program"], env };
  const pod = restrictedPod({
    namespace: NAMESPACE,
    name: "of-many",
    image,
    annotations: ANNOTATIONS,
    container,
  });
  const { status, body } = await node.cluster.admin.call("POST", `${podsOf(NAMESPACE)}?dryRun=All`, pod);
  if (status !== 201) throw new Error(`${status} ${String(body["message"])}`);
}

const parsePods = object(
  {
    items: list(
      object(
        {
          metadata: object({ name: string }, {}),
          status: object({}, { conditions: list(object({ type: string, status: string }, {})) }),
        },
        {},
      ),
    ),
  },
  {},
);

const REPLICAS = `${podsOf(OWN_NAMESPACE)}?labelSelector=${encodeURIComponent(
  `app.kubernetes.io/name=${RELEASE},app.kubernetes.io/instance=${RELEASE}`,
)}`;

const replicas = async () =>
  parsePods((await node.cluster.admin.call("GET", REPLICAS)).body, "PodList").items;

/** By name. */
async function readyReplicas(): Promise<readonly string[]> {
  const isReady = { type: "Ready", status: "True" };
  const ready = (await replicas()).filter(({ status }) =>
    status.conditions?.some((condition) => Bun.deepMatch(isReady, condition)),
  );
  return ready.map(({ metadata }) => metadata.name);
}

const admits = () =>
  admit()
    .then(() => true)
    .catch(() => false);

describe("the CA is as it was", () => {
  let secret: Readonly<Record<string, string>> | undefined;
  beforeAll(async () => {
    secret = await ownSecret(node.cluster);
  });
  const isAsItWas = async () =>
    Bun.deepEquals(await ownSecret(node.cluster), secret) &&
    (await caBundle(node.cluster)) === secret?.["ca.crt"];

  test("after helm install, which has said nothing of it", async () => {
    expect(Object.keys(secret ?? {}).sort()).toEqual(["ca.crt", "ca.key"]);
    expect(await isAsItWas()).toBe(true);
  });

  test("after helm upgrade with new Pods, and Pods are admitted all the while", async () => {
    const stream = startStream(admit, 20);
    await helm("upgrade", { ...installation.values, podLabels: { changed: "yes" } });
    expect(await isAsItWas()).toBe(true);
    expect(await stream.stop()).toEqual([]);
    expect(stream.count()).toBeGreaterThan(20);
  });

  test.each([
    ["on the client's side", []],
    ["on the server's side", ["--server-side", "--force-conflicts"]],
  ])("after an apply of helm template over it, %s", async (_, options) => {
    const values = { ...installation.values, podLabels: { changed: "yes" } };
    await applyTemplate(node.cluster, installation.helm, CHART, values, options);
    expect(await isAsItWas()).toBe(true);
    await admit();
  });

  test("after helm rollback to a release in which it was not there yet", async () => {
    await installation.helm.run("rollback", RELEASE, "1", "--namespace", OWN_NAMESPACE, "--wait");
    await eventually("the CA is in caBundle", isAsItWas);
    await eventually("Pods are admitted", admits);
  });

  test("after somebody emptied caBundle", async () => {
    const removal = [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }];
    const type = "application/json-patch+json";
    expect((await node.cluster.admin.call("PATCH", CONFIGURATION, removal, type)).status).toBe(200);
    expect(await isAsItWas()).toBe(false);
    await eventually("the CA is in caBundle", isAsItWas);
    await eventually("Pods are admitted", admits);
  });

  test("from the first moment of a configuration that was deleted and that helm upgrade brings back", async () => {
    expect((await node.cluster.admin.call("DELETE", CONFIGURATION)).status).toBe(200);
    // Where it is away Pods are admitted as they are; where it came without the CA they would be refused.
    const stream = startStream(admit, 20);
    await helm("upgrade", installation.values);
    expect(await stream.stop()).toEqual([]);
    expect(await isAsItWas()).toBe(true);
  });

  test("and its key goes nowhere, though somebody put it beside the certificate", async () => {
    const write = async (text: string) => {
      const change = { data: { "ca.crt": Buffer.from(text).toString("base64") } };
      const type = "application/merge-patch+json";
      expect((await node.cluster.admin.call("PATCH", OWN_SECRET, change, type)).status).toBe(200);
    };
    const { "ca.crt": ca = "", "ca.key": key } = secret ?? {};
    await write(`${ca}${key}`);
    expect((await node.cluster.admin.call("DELETE", CONFIGURATION)).status).toBe(200);
    await helm("upgrade", installation.values);
    expect(await caBundle(node.cluster)).toBe(ca);
    // A replica would take it out of caBundle again, and not of what Helm keeps.
    const manifest = await installation.helm.run("get", "manifest", RELEASE, "--namespace", OWN_NAMESPACE);
    expect(manifest).toContain(Buffer.from(ca).toString("base64"));
    await write(ca);
    expect(await isAsItWas()).toBe(true);
  });

  test("after somebody deleted its Secret", async () => {
    expect((await node.cluster.admin.call("DELETE", OWN_SECRET)).status).toBe(200);
    await eventually("the Secret is there", isAsItWas);
  });

  test("after all replicas were killed at once", async () => {
    let killed: readonly string[] = [];
    await eventually("those of the releases before have gone", async () => {
      killed = await readyReplicas();
      return killed.length === 2;
    });
    expect((await node.cluster.admin.call("DELETE", `${REPLICAS}&gracePeriodSeconds=0`)).status).toBe(200);
    await eventually("others are ready", async () => {
      const ready = await readyReplicas();
      return ready.length === 2 && !ready.some((name) => killed.includes(name));
    });
    await eventually("Pods are admitted", admits);
    expect(await isAsItWas()).toBe(true);
  });
});

test("the Secret goes after helm uninstall", async () => {
  await installation.helm.run("uninstall", RELEASE, "--namespace", OWN_NAMESPACE, "--wait");
  await eventually("the Secret is gone", async () => (await ownSecret(node.cluster)) === undefined);
  // A replica that ends serves on for a while, and the Service of the next release would lead to it.
  await eventually("its replicas are gone", async () => (await replicas()).length === 0);
});

describe("after a release with a certificate of the operator's, with lives of minutes", () => {
  const NAME = "lingering";
  // A third of it is left, when it is replaced, for all that is to be seen with it.
  const CA_LIFETIME_MS = 180_000;

  let operators: string;
  beforeAll(async () => {
    const secretName = "of-the-operator";
    operators = await addOperatorsCertificate(node.cluster, secretName);
    await helm("install", { ...installation.values, tls: { mode: "secret", secretName } });
  });

  const withLives = () => {
    const { env, ...values } = installation.values;
    const lives = { PIGGY_CA_LIFETIME: `${CA_LIFETIME_MS}ms`, PIGGY_CERTIFICATE_LIFETIME: "45s" };
    return { ...values, env: { ...env, ...lives } };
  };

  test("Pods are admitted while helm upgrade brings the CA", async () => {
    expect(await caBundle(node.cluster)).toBe(operators);
    const stream = startStream(admit, 20);
    await helm("upgrade", withLives());
    // By one from before a Pod is given the CA of then, and no later replica is trusted by that.
    await eventually("the replicas from before are gone", async () => (await replicas()).length === 2);
    expect(await stream.stop()).toEqual([]);
    expect(await caBundle(node.cluster)).toBe(`${(await ownSecret(node.cluster))?.["ca.crt"]}${operators}`);
  });

  test("certificates and the CA are replaced while Pods are created and clients connect, and a Pod from before starts again", async () => {
    const annotations = ANNOTATIONS;
    await add(
      node.cluster,
      podsOf(NAMESPACE),
      restrictedPod({
        namespace: NAMESPACE,
        name: NAME,
        image,
        annotations,
        container: { args: ["stay"], env: [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }] },
        restartPolicy: "Always",
      }),
    );
    await says(node.cluster, NAMESPACE, NAME, VALUE);
    const [container] = parsePod(await stored(node.cluster, NAMESPACE, NAME), "Pod").spec.containers;
    const trusted = container?.env?.find(({ name }) => name === "PIGGY_CA")?.value ?? "";
    const first = await ownSecret(node.cluster);
    expect(trusted).toBe(first?.["ca.crt"] ?? "none");

    const begun = Date.now();
    let newest = 0;
    const address = await serviceAddress(node.cluster);
    const admissions = startStream(admit, 20);
    const connections = startStream(async () => {
      const since = await servedSince(address, trusted);
      newest = Math.max(newest, since.getTime());
    }, 20);

    await eventually("a certificate is replaced", async () => newest > begun);
    expect((await ownSecret(node.cluster))?.["ca.crt"]).toBe(first?.["ca.crt"] ?? "none");
    const isReplaced = async () => (await ownSecret(node.cluster))?.["ca.crt"] !== first?.["ca.crt"];
    await eventually("the CA is replaced", isReplaced, CA_LIFETIME_MS);
    const second = await ownSecret(node.cluster);
    expect(second).toMatchObject({ "previous-ca.crt": trusted });
    const replaced = Date.now();
    await eventually("a certificate by the new CA is served", async () => newest > replaced - 1_000);
    expect(await caBundle(node.cluster)).toBe(`${second?.["ca.crt"]}${trusted}${operators}`);

    await killProcess(["/program", "stay"]);
    const restarts = () => restartsOf(node.cluster, NAMESPACE, NAME);
    await eventually("the container was started again", async () => (await restarts()) > 0);
    await says(node.cluster, NAMESPACE, NAME, VALUE);
    expect(await connections.stop()).toEqual([]);
    expect(await admissions.stop()).toEqual([]);
    expect(Math.min(admissions.count(), connections.count())).toBeGreaterThan(100);
  });

  test("a configuration that was deleted comes back with the CA and the one before it", async () => {
    expect((await node.cluster.admin.call("DELETE", CONFIGURATION)).status).toBe(200);
    const stream = startStream(admit, 20);
    await helm("upgrade", withLives());
    expect(await stream.stop()).toEqual([]);
    const { "ca.crt": ca, "previous-ca.crt": previous } = (await ownSecret(node.cluster)) ?? {};
    expect(previous).toBeDefined();
    expect(await caBundle(node.cluster)).toBe(`${ca}${previous}`);
  });
});
