/** Which values the chart takes, and that Kubernetes takes what it makes of them. Part of `npm run test:cluster`, for Helm is built by it; it needs no cluster. */
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { defaultEnvironment } from "../../scripts/chart/default-environment.ts";
import { CHART } from "./helm.ts";
import { CERTIFICATE, conform, helm, podSpec, rendered, template, templateAsPart } from "./rendering.ts";

/** The first that the chart says it is for, and the last there is. */
const VERSIONS = ["1.29.0", "1.37.0"];

/** Every part that values can bring in. */
const EVERYTHING = {
  aws: { roleArn: "arn:aws:iam::111122223333:role/piggy" },
  tls: CERTIFICATE,
  autoscaling: { enabled: true, targetMemoryUtilizationPercentage: 70 },
  rbac: { secrets: ["shop"], configMaps: ["shop", "till"] },
  hostNetwork: true,
  priorityClassName: "system-cluster-critical",
  imagePullSecrets: [{ name: "registry" }],
  podAnnotations: { "example.com/a": "b" },
  podLabels: { team: "platform" },
  affinity: { podAntiAffinity: {} },
  tolerations: [{ operator: "Exists" }],
  nodeSelector: { "kubernetes.io/arch": "arm64" },
  networkPolicy: { ingress: [{ ports: [{ port: 9091 }] }], egress: [{}] },
  prePull: { enabled: true, nodeSelector: { "example.com/apps": "yes" } },
  metrics: {
    port: 9091,
    serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
    prometheusRule: { enabled: true, labels: { release: "prometheus" } },
    dashboard: { enabled: true },
  },
  mutate: {
    excludeNamespaces: ["monitoring"],
    objectSelector: { matchLabels: { injected: "yes" } },
    matchConditions: [{ name: "mine", expression: "true" }],
  },
};

/** As `--reuse-values` gives them, where null stands for what is not there. */
const OLDER_ALONE = { tls: null, metrics: null, networkPolicy: null, test: null };

test("a right that no value speaks of, as with --reuse-values, is there", async () => {
  const values = { rbac: { create: null } };
  for (const kind of ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"])
    expect(await rendered(kind, values)).toEqual(await rendered(kind, {}));
});

test("null takes away an annotation or a label that other values have", async () => {
  const account = await rendered("ServiceAccount", { serviceAccount: { annotations: { "own/role": null } } });
  expect(JSON.stringify(account)).not.toContain("own/role");
  const values = { podLabels: { team: null }, podAnnotations: { team: null, other: 1 } };
  const [deployment] = await rendered("Deployment", values);
  expect(deployment).not.toHaveProperty("spec.template.metadata.labels.team");
  expect(deployment).not.toHaveProperty("spec.template.metadata.annotations.team");
  expect(deployment).toHaveProperty("spec.template.metadata.annotations.other", "1");
});

test("helm lint has nothing to say", async () => {
  const { exitCode, stdout } = await helm("lint", {}, "--strict");
  expect({ exitCode, warnings: /\[(WARNING|ERROR)\].*/.exec(stdout)?.[0] }).toEqual({
    exitCode: 0,
    warnings: undefined,
  });
});

/** Each is a name, and would be a number where YAML is left to say. */
const NUMBERS = {
  nameOverride: "1",
  fullnameOverride: "2",
  serviceAccount: { name: "3", annotations: { "example.com/a": 4 } },
  rbac: { secrets: ["5"] },
  podLabels: { a: 6, b: true },
  podAnnotations: { a: 6, b: true },
  nodeSelector: { a: 7 },
  prePull: { enabled: true, nodeSelector: { a: 8 } },
  priorityClassName: "9",
  test: { namespace: "10" },
};

describe.each(VERSIONS)("what it makes is what Kubernetes %s takes", (version) => {
  test.each([
    ["by default", {}],
    ["with everything", EVERYTHING],
    ["with names and texts that are numbers", NUMBERS],
    ["with a certificate of cert-manager's", { tls: { mode: "cert-manager" } }],
  ])("%s", async (_, values) => {
    await conform(await template(values, "--kube-version", version), version);
  });
});

test("by default admission is told what README.md's Pod is shown with", async () => {
  const read = (name: string) => readFile(`${CHART}/${name}`, "utf8");
  const told = defaultEnvironment(await read("values.yaml"), await read("Chart.yaml"));
  const env = Object.entries(told).map(([name, value]) => ({ name, value }));
  expect(await rendered("Deployment", { tls: CERTIFICATE })).toMatchObject([
    podSpec({ containers: [{ env: expect.arrayContaining(env) }] }),
  ]);
});

test("what is no manifest is not taken for one that is right", async () => {
  await expect(conform("---\n", "1.29.0")).rejects.toThrow("no manifest");
  await expect(conform("apiVersion: v1\nkind: Pod\nspec: {containers: no}\n", "1.29.0")).rejects.toThrow(
    "containers",
  );
});

test("Kubernetes before 1.29 is refused by Helm", async () => {
  await expect(template({}, "--kube-version", "1.28.9")).rejects.toThrow("kubeVersion: >=1.29.0-0");
});

describe("values that cannot be meant are refused by Helm, with the place", () => {
  test.each([
    ["a value that is misspelt", { replicas: 2 }, "replicas"],
    [
      "a setting that is no boolean",
      { env: { PIGGY_ENFORCE_SERVICE_ACCOUNT: "yes" } },
      "PIGGY_ENFORCE_SERVICE_ACCOUNT",
    ],
    ["a setting that is none of a few", { env: { PIGGY_DELIVERY: "sidecar" } }, "PIGGY_DELIVERY"],
    ["a role that is none", { aws: { roleArn: "piggy" } }, "roleArn"],
    ["a digest that is none", { image: { digest: "sha256:1" } }, "digest"],
    ["a tag that YAML has shortened", { image: { tag: 1.1 } }, "tag"],
    ["values of an older chart alone", OLDER_ALONE, "--reset-then-reuse-values"],
    ["a right that is neither of three", { rbac: { secrets: "shop" } }, "secrets"],
    ["an address of metrics that no Service knows", { env: { PIGGY_METRICS_ADDRESS: ":9" } }, "metrics.port"],
    ["a port that no Service knows", { env: { LISTEN_ADDRESS: ":9443" } }, "env.LISTEN_ADDRESS: set port"],
    ["a port that the Service no longer has", { port: 9443, env: { listen_address: ":8443" } }, "set port"],
    ["a Service that is not there", { env: { PIGGY_SERVICE_NAME: "other" } }, "set fullnameOverride"],
    ["a CA that may not be kept", { env: { PIGGY_CERTIFICATE_SECRET: "ca" } }, "set tls.mode"],
    [
      "a configuration that may not be changed",
      { env: { PIGGY_WEBHOOK_CONFIGURATION: "a" } },
      "set tls.mode",
    ],
    ["a certificate besides the one that is made", { env: { TLS_CERT_FILE: "/a.crt" } }, "tls.mode=secret"],
    ["a key besides the one that is made", { env: { TLS_PRIVATE_KEY_FILE: "/a.key" } }, "tls.mode=secret"],
    ["no account to give rights to", { serviceAccount: { create: false } }, "serviceAccount.name"],
    ["one port for two listeners", { metrics: { port: 8443 } }, "metrics.port"],
    [
      "a label that hides Pods from their Service",
      { podLabels: { "app.kubernetes.io/name": "shop" } },
      "podLabels.app.kubernetes.io/name",
    ],
    [
      "an autoscaler with no number to choose",
      { autoscaling: { enabled: true, minReplicas: 11 } },
      "autoscaling.maxReplicas",
    ],
    ["no certificate", { tls: { mode: "secret" } }, "tls.secretName"],
    ["a certificate that nobody takes", { tls: { secretName: "certificate" } }, "tls.mode=secret"],
  ])("%s", async (_, values, place) => {
    await expect(template(values)).rejects.toThrow(place);
  });

  test("but not a boolean that YAML made of a setting's text, nor a variable that is no setting", async () => {
    const values = {
      env: {
        PIGGY_ENFORCE_SERVICE_ACCOUNT: true,
        PIGGY_NUMBER_OF_RETRY: 3,
        aws_endpoint_url: "http://aws",
        FOO: 1000000,
      },
    };
    expect(await rendered("Deployment", values)).toMatchObject([
      podSpec({
        containers: [
          {
            env: expect.arrayContaining([
              { name: "PIGGY_ENFORCE_SERVICE_ACCOUNT", value: "true" },
              { name: "PIGGY_NUMBER_OF_RETRY", value: "3" },
              { name: "AWS_ENDPOINT_URL", value: "http://aws" },
              { name: "FOO", value: "1000000" },
            ]),
          },
        ],
      }),
    ]);
  });
});

describe("a section with each of its lines commented out", async () => {
  /** Null takes the chart's defaults away, and leaves Kubernetes'. */
  const OF_KUBERNETES = ["resources", "podSecurityContext", "securityContext"];
  const values = parse(await Bun.file(`${CHART}/values.yaml`).text());
  const isSection = (value: unknown) => typeof value === "object" && value !== null;
  const sections = Object.keys(values).filter((name) => isSection(values[name]));
  const parts = [
    ...["aws.roleArn", "mutate.image", "mutate.excludeNamespaces", "mutate.objectSelector"],
    ...["mutate.matchConditions", "tls.certManager", "metrics.serviceMonitor", "prePull.nodeSelector"],
  ];
  const nullAt = (path: string) =>
    path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), null);
  const SET = { prePull: { enabled: true } };
  const byDefault = await template(SET);

  test.each([...sections, ...parts].filter((name) => !OF_KUBERNETES.includes(name)))(
    "%s, is as by default",
    async (path) => {
      const values = { ...SET, ...Object(nullAt(path)) };
      if (path.startsWith("prePull.")) values.prePull = { enabled: true, nodeSelector: null };
      const expected = path === "prePull" ? await template() : byDefault;
      expect(await template(values)).toBe(expected);
    },
  );

  test("of Kubernetes' own, is what it takes", async () => {
    const values = Object.fromEntries(OF_KUBERNETES.map((name) => [name, null]));
    await conform(await template(values), VERSIONS[1] ?? "");
  });
});

test("a chart that depends on this one says whether it is there, and what it is to be", async () => {
  expect(await templateAsPart({ enabled: true, env: null, mutate: null })).toContain(
    "name: platform-piggy-webhooks",
  );
  expect((await templateAsPart({ enabled: false })).trim()).toBe("");
});

/** Every value that the older chart has, as it has it by default. */
const OLDER = {
  replicaCount: 1,
  image: { repository: "ghcr.io/kongz/piggy-webhooks", pullPolicy: "IfNotPresent", tag: "0.7.0" },
  imagePullSecrets: [],
  nameOverride: "",
  fullnameOverride: "",
  port: 8443,
  serviceAccount: { create: true, annotations: {}, name: "" },
  podAnnotations: {},
  podSecurityContext: { runAsUser: 10001 },
  securityContext: {},
  service: { type: "ClusterIP", port: 443 },
  ingress: { enabled: false, className: "", annotations: {}, host: "piggy", path: "/", pathType: "Prefix" },
  resources: {},
  autoscaling: { enabled: false, minReplicas: 1, maxReplicas: 100, targetCPUUtilizationPercentage: 80 },
  nodeSelector: {},
  tolerations: [],
  affinity: {},
  volumeMounts: [],
  volumes: [],
  rbac: { psp: { enabled: false } },
  aws: { roleArn: null },
  env: {},
  mutate: {
    certificate: {
      certManager: { enabled: false, privateKey: { algorithm: "ECDSA", size: 256 } },
      generate: true,
      certValidity: 365,
      tls: { crt: null, key: null },
      ca: { crt: null },
    },
    timeoutSeconds: false,
    podsFailurePolicy: "Ignore",
    excludeNamespaces: ["monitoring"],
    image: { repository: "ghcr.io/kongz/piggy-env", pullPolicy: "IfNotPresent", tag: "0.7.0" },
  },
  debug: false,
};

describe("the older chart's values", () => {
  test("may have a whole number for a tag", async () => {
    const values = { ...OLDER, image: { ...OLDER.image, tag: 20240101 } };
    expect(await rendered("Deployment", values)).toMatchObject([
      podSpec({ containers: [{ image: "ghcr.io/kongz/piggy-webhooks:20240101" }] }),
    ]);
  });

  test("may say in the environment what the chart says itself, or nothing", async () => {
    const env = { PIGGY_SERVICE_NAME: "piggy-webhooks", PIGGY_WEBHOOK_CONFIGURATION: "piggy-webhooks" };
    expect(await rendered("Deployment", { ...OLDER, env })).toHaveLength(1);
    const none = { PIGGY_CERTIFICATE_SECRET: "", PIGGY_WEBHOOK_CONFIGURATION: "" };
    expect(await rendered("Deployment", { ...OLDER, tls: CERTIFICATE, env: none })).toHaveLength(1);
  });

  test("are taken, and mean what they meant", async () => {
    expect(await rendered("Deployment", OLDER)).toMatchObject([
      {
        metadata: { name: "piggy-webhooks" },
        spec: {
          replicas: 1,
          selector: {
            matchLabels: {
              "app.kubernetes.io/name": "piggy-webhooks",
              "app.kubernetes.io/instance": "piggy-webhooks",
            },
          },
          template: {
            spec: {
              securityContext: { runAsUser: 10001, runAsNonRoot: true },
              containers: [
                {
                  image: "ghcr.io/kongz/piggy-webhooks:0.7.0",
                  env: expect.arrayContaining([
                    { name: "PIGGY_ENV_IMAGE", value: "ghcr.io/kongz/piggy-env:0.7.0" },
                    { name: "PIGGY_ENV_IMAGE_PULL_POLICY", value: "IfNotPresent" },
                  ]),
                },
              ],
            },
          },
        },
      },
    ]);
    expect(await rendered("MutatingWebhookConfiguration", OLDER)).toMatchObject([
      { webhooks: [{ name: "piggy-webhooks.piggy-webhooks.svc", failurePolicy: "Ignore" }] },
    ]);
  });

  test("may say in the environment where it listens, and with a certificate of one's own where that is", async () => {
    const env = {
      LISTEN_ADDRESS: "0.0.0.0:8443",
      TLS_CERT_FILE: "/own/a.crt",
      TLS_PRIVATE_KEY_FILE: "/own/a.key",
    };
    const values = { ...OLDER, tls: CERTIFICATE, env };
    const written = Object.entries(env).map(([name, value]) => ({ name, value }));
    expect(await rendered("Deployment", values)).toMatchObject([
      podSpec({ containers: [{ env: expect.arrayContaining(written) }] }),
    ]);
  });

  test.each([
    ["a certificate of cert-manager's", { certManager: { enabled: true } }, "tls.mode=cert-manager"],
    ["a certificate of one's own", { generate: false, tls: { crt: "crt" } }, "tls.secretName"],
  ])("that ask for %s say where that is said now", async (_, certificate, place) => {
    await expect(template({ mutate: { certificate } })).rejects.toThrow(place);
  });
});
