/** The chart on a real node: installed by Helm, and Pods that start with their secrets. Part of `npm run test:cluster`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { type Demo, demos } from "../../demo/demos.ts";
import { DEMO_IMAGE, readManifests } from "../../demo/manifests.ts";
import { isWrapped } from "../admission/mutation.ts";
import { add, eventually, podsOf } from "../apiserver/objects.ts";
import { parsePod } from "../fakes/kubernetes/pod.ts";
import { parseScrape } from "../metrics/scrape.ts";
import { compiledC } from "../support/programs.ts";
import { REGION } from "../support/world.ts";
import { CHART } from "./helm.ts";
import { type ChartInstallation, installChart, OWN_NAMESPACE, RELEASE, RESTRICTED } from "./installation.ts";
import { type OneNode, startOneNode } from "./one-node.ts";
import { addLiveNamespace, addPullSecret, runToEnd } from "./pods.ts";
import { buildProgramImage } from "./program-image.ts";
import { renderedPods } from "./rendering.ts";
import { restrictedPod } from "./restricted-pod.ts";

const NAMESPACE = "restricted";
const SECRET = "restricted/sample";
const VALUE = "from AWS";

let node: OneNode;
let installation: ChartInstallation;
beforeAll(async () => {
  node = await startOneNode();
  installation = await installChart(node, {
    environment: (await readManifests("default-value")).environment,
  });
  installation.aws.putSecret({ region: REGION, name: SECRET, value: JSON.stringify({ TEST_ENV: VALUE }) });
  const app = await compiledC(fileURLToPath(new URL("../../demo/app/app.c", import.meta.url)), "app");
  // Where this image's AWS clients find AWS.
  const environment = { AWS_ENDPOINT_URL: installation.aws.url };
  await buildProgramImage(node.buildah, "localhost/app", app, environment);
  await node.push("localhost/app", DEMO_IMAGE);
  await addLiveNamespace(node.cluster, NAMESPACE, RESTRICTED);
  await addLiveNamespace(node.cluster, "demo");
  for (const namespace of [NAMESPACE, "demo"])
    await addPullSecret(node.cluster, namespace, node.dockerConfig);
});
afterAll(async () => {
  await installation?.stop();
  await node?.stop();
});

/** What a demo's Pod has here besides what it is about: its image is private, and it runs once. */
const ONCE = { restartPolicy: "Never", imagePullSecrets: [{ name: "registry" }] };

const PATHS: Readonly<Record<string, string>> = { ServiceAccount: "serviceaccounts", Secret: "secrets" };

/** Runs a demo's Pod, under another name and with more in its container where that is said. */
async function expectSecrets(demo: Demo, suffix = "", more: object = {}): Promise<void> {
  const expected = demo.fill(installation.aws, installation.issuer);
  const { pod, others } = await readManifests(demo.name);
  for (const { kind, metadata, ...object } of others) {
    const path = `/api/v1/namespaces/${metadata.namespace}/${PATHS[kind]}`;
    // Two of the demos have one service account.
    const { status } = await node.cluster.admin.call("POST", path, { kind, metadata, ...object });
    expect([201, 409]).toContain(status);
  }
  const image = `${node.registry.host}/${DEMO_IMAGE}`;
  const parsed = parsePod(JSON.parse(JSON.stringify(pod).replaceAll(DEMO_IMAGE, image)), "Pod");
  const containers = parsed.spec.containers.map((container) => ({ ...container, ...more }));
  const { namespace, name } = pod.metadata;
  const submitted = {
    ...parsed,
    metadata: { ...parsed.metadata, name: name + suffix },
    spec: { ...parsed.spec, containers, ...ONCE },
  };
  const log = await runToEnd(node.cluster, namespace, submitted);
  for (const [variable, value] of Object.entries(expected)) expect(log).toContain(`\n${variable}=${value}\n`);
}

const DEMOS = demos.map((demo) => [demo.name, demo] as const);

describe("the Pod of a demo starts with its secrets", () => {
  test.each(DEMOS)("%s", (_, demo) => expectSecrets(demo));
});

/** Of an image whose ENTRYPOINT only its private registry knows. */
const podOf = (name: string, annotations: Readonly<Record<string, string>>, container?: object) =>
  restrictedPod({
    namespace: NAMESPACE,
    name,
    image: `${node.registry.host}/${DEMO_IMAGE}`,
    annotations,
    ...(container === undefined ? {} : { container }),
  });

const withSecret = (more: Readonly<Record<string, string>> = {}) => ({
  "piggysec.com/aws-secret-name": SECRET,
  ...more,
});

describe("a Pod of the restricted standard starts with its secret", () => {
  test.each(["image", "init"])("that comes with the injector by %s", async (delivery) => {
    const pod = podOf(`by-${delivery}`, withSecret({ "piggysec.com/piggy-delivery": delivery }));
    expect(await runToEnd(node.cluster, NAMESPACE, pod)).toContain(`\nTEST_ENV=${VALUE}\n`);
    const { body } = await node.cluster.admin.call("GET", `${podsOf(NAMESPACE)}/by-${delivery}`);
    const { initContainers = [] } = parsePod(body, "Pod").spec;
    expect(initContainers.map(({ name }) => name)).toEqual(delivery === "init" ? ["install-piggy-env"] : []);
  });

  test("by an image volume where nothing is said, as the node can mount one", async () => {
    const { body } = await node.cluster.admin.call(
      "POST",
      `${podsOf(NAMESPACE)}?dryRun=All`,
      podOf("by-default", withSecret()),
    );
    const pod = parsePod(body, "Pod");
    expect(isWrapped(pod)).toBe(true);
    expect(pod.spec.initContainers).toBeUndefined();
  });
});

test("every node has pulled the injector's image before a Pod needs it", async () => {
  const path = `/apis/apps/v1/namespaces/${OWN_NAMESPACE}/daemonsets/${RELEASE}-pre-pull`;
  const { body } = await node.cluster.admin.call("GET", path);
  expect(body).toMatchObject({ status: { desiredNumberScheduled: 1, numberReady: 1 } });
});

test("every Pod that values can bring in meets the restricted standard", async () => {
  const values = { prePull: { enabled: true }, tls: { mode: "cert-manager" } };
  const pods = await renderedPods(values);
  expect(pods.length).toBeGreaterThan(1);
  for (const { kind, name, spec } of pods) {
    const path = `${podsOf(NAMESPACE)}?dryRun=All`;
    // The API server says what is against it.
    const { serviceAccountName: _, ...own } = { serviceAccountName: undefined, ...spec };
    const { status, body } = await node.cluster.admin.call("POST", path, {
      metadata: { name: "of-the-chart" },
      spec: own,
    });
    expect({ kind, name, status, message: body["message"] }).toEqual({
      kind,
      name,
      status: 201,
      message: undefined,
    });
  }
});

describe("Helm says at the end", () => {
  const said = async (mutate: object) => {
    const values = await installation.helm.values({ mutate });
    const place = ["--namespace", OWN_NAMESPACE, "--values", values, "--dry-run=client"];
    const output = await installation.helm.run("install", "another", CHART, ...place);
    return output.slice(output.indexOf("NOTES:"));
  };

  test("that Pods start without their secrets, where they may", async () => {
    const warning = "Pods start with references in place of secrets";
    expect(await said({ podsFailurePolicy: "Ignore" })).toContain(warning);
    expect(await said({ podsFailurePolicy: "Fail" })).not.toContain(warning);
    // Then it is the API server's default.
    expect(await said({ podsFailurePolicy: null })).not.toContain(warning);
  });

  test("where no Pod is given any", async () => {
    const never = `Pods of kube-system, ${OWN_NAMESPACE}, monitoring are never changed`;
    expect(await said({ excludeNamespaces: ["monitoring"] })).toContain(never);
  });
});

test("metrics are read by their Service", async () => {
  const service = `/api/v1/namespaces/${OWN_NAMESPACE}/services/${RELEASE}-metrics:metrics`;
  const { families } = parseScrape(await node.cluster.admin.text(`${service}/proxy/metrics`));
  expect(families.map(({ name }) => name)).toContain("piggy_tls_certificate_expiry_timestamp_seconds");
});

describe("when an upgrade takes the right to read Secrets and ConfigMaps away", () => {
  const OBJECT = "holds-a-reference";
  beforeAll(async () => {
    await add(node.cluster, `/api/v1/namespaces/${NAMESPACE}/secrets`, {
      metadata: { name: OBJECT },
      stringData: { TEST_ENV: "piggy:TEST_ENV" },
    });
    const values = { ...installation.values, rbac: { secrets: "none", configMaps: "none" } };
    const options = ["--namespace", OWN_NAMESPACE, "--values", await installation.helm.values(values)];
    await installation.helm.run("upgrade", RELEASE, CHART, ...options, "--wait", "--timeout", "3m");
  });

  test.each(["secrets", "configmaps", "serviceaccounts"])("%s may not be read", async (resource) => {
    const user = `system:serviceaccount:${OWN_NAMESPACE}:${RELEASE}`;
    await eventually("the API server says so", async () => {
      const { body } = await node.cluster.admin.call(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SubjectAccessReview",
          spec: { user, resourceAttributes: { resource, verb: "get", namespace: NAMESPACE } },
        },
      );
      return Bun.deepMatch({ status: { allowed: false } }, body);
    });
  });

  // Nobody may read the pull secret that its private registry would say the ENTRYPOINT for.
  test.each(DEMOS)("the Pod of the demo %s that names what it runs starts with its secrets", (_, demo) =>
    expectSecrets(demo, "-without-rights", { command: ["/program"] }),
  );

  test("a Pod whose reference stands in a Secret starts with what it refers to", async () => {
    const container = { command: ["/program"], envFrom: [{ secretRef: { name: OBJECT } }] };
    const log = await runToEnd(node.cluster, NAMESPACE, podOf("without-rights", withSecret(), container));
    expect(log).toContain(`\nTEST_ENV=${VALUE}\n`);
  });
});

describe("while no replica is there", () => {
  const scaleTo = async (replicas: number) => {
    await node.cluster.admin.call(
      "PATCH",
      `/apis/apps/v1/namespaces/${OWN_NAMESPACE}/deployments/${RELEASE}`,
      { spec: { replicas } },
      "application/merge-patch+json",
    );
  };
  const isDenied = async (annotations: Readonly<Record<string, string>>) => {
    const env = [{ name: "TEST_ENV", value: "piggy:TEST_ENV" }];
    const pod = podOf("while-down", annotations, { command: ["/program"], env });
    const { status } = await node.cluster.admin.call("POST", `${podsOf(NAMESPACE)}?dryRun=All`, pod);
    return status !== 201;
  };
  beforeAll(async () => {
    await scaleTo(0);
    await eventually("Pods that ask for secrets are denied", () => isDenied(withSecret()));
  });
  afterAll(() => scaleTo(2));

  test("a Pod that asks for nothing is created", async () => {
    expect(await isDenied({})).toBe(false);
  });

  test("the replicas come back, for nobody asks them about their own Pods", async () => {
    await scaleTo(2);
    await eventually("Pods that ask for secrets are admitted", async () => !(await isDenied(withSecret())));
  });
});

test("nothing is left after helm uninstall, and Pods are created as before", async () => {
  await installation.helm.run("uninstall", RELEASE, "--namespace", OWN_NAMESPACE, "--wait");
  const selector = `labelSelector=${encodeURIComponent(`app.kubernetes.io/instance=${RELEASE}`)}`;
  const places = [
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/api/v1/services",
    "/api/v1/serviceaccounts",
    "/api/v1/secrets",
  ];
  for (const place of places) {
    const { status, body } = await node.cluster.admin.call("GET", `${place}?${selector}`);
    expect({ place, status, items: body["items"] }).toEqual({ place, status: 200, items: [] });
  }
  await add(node.cluster, podsOf(NAMESPACE), podOf("after", withSecret()));
});
