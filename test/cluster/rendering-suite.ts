/** What the chart makes of its values. Part of `npm run test:cluster`, for Helm is built by it; it needs no cluster. */
import { describe, expect, test } from "bun:test";
import { conform, helm, rendered, template } from "./rendering.ts";

/** The first that the chart says it is for, and the last there is. */
const VERSIONS = ["1.29.0", "1.37.0"];

/** Every part that values can bring in. */
const EVERYTHING = {
  aws: { roleArn: "arn:aws:iam::111122223333:role/piggy" },
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
  networkPolicy: { ingress: [{ ports: [{ port: 9090 }] }], egress: [{}] },
  mutate: {
    excludeNamespaces: ["monitoring"],
    objectSelector: { matchLabels: { injected: "yes" } },
    matchConditions: [{ name: "mine", expression: "true" }],
  },
};

test("helm lint has nothing to say", async () => {
  const { exitCode, stdout } = await helm("lint", {}, "--strict");
  expect({ exitCode, warnings: /\[(WARNING|ERROR)\].*/.exec(stdout)?.[0] }).toEqual({
    exitCode: 0,
    warnings: undefined,
  });
});

describe.each(VERSIONS)("what it makes is what Kubernetes %s takes", (version) => {
  test.each([
    ["by default", {}],
    ["with everything", EVERYTHING],
  ])("%s", async (_, values) => {
    await conform(await template(values, "--kube-version", version), version);
  });
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
    ["a right that is neither of three", { rbac: { secrets: "shop" } }, "secrets"],
    ["no certificate", { tls: { mode: "secret" } }, "tls.secretName"],
  ])("%s", async (_, values, place) => {
    await expect(template(values)).rejects.toThrow(place);
  });

  test.each(["self", "cert-manager"])("tls.mode %s, which is to come", async (mode) => {
    await expect(template({ tls: { mode } })).rejects.toThrow("is not there yet");
  });

  test("but not a boolean that YAML made of a setting's text, nor a variable that is no setting", async () => {
    const values = {
      env: { PIGGY_ENFORCE_SERVICE_ACCOUNT: true, PIGGY_NUMBER_OF_RETRY: 3, aws_endpoint_url: "http://aws" },
    };
    expect(await rendered("Deployment", values)).toMatchObject([
      podSpec({
        containers: [
          {
            env: expect.arrayContaining([
              { name: "PIGGY_ENFORCE_SERVICE_ACCOUNT", value: "true" },
              { name: "PIGGY_NUMBER_OF_RETRY", value: "3" },
              { name: "AWS_ENDPOINT_URL", value: "http://aws" },
            ]),
          },
        ],
      }),
    ]);
  });
});

const podSpec = (spec: object) => ({ spec: { template: { spec } } });

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

  test.each([
    ["a certificate of cert-manager's", { certManager: { enabled: true } }, "tls.mode=cert-manager"],
    ["a certificate of one's own", { generate: false, tls: { crt: "crt" } }, "tls.secretName"],
  ])("that ask for %s say where that is said now", async (_, certificate, place) => {
    await expect(template({ mutate: { certificate } })).rejects.toThrow(place);
  });
});

describe("which Pods are sent", () => {
  const webhookOf = async (values: object) => {
    const [configuration, ...others] = await rendered("MutatingWebhookConfiguration", values);
    expect(others).toEqual([]);
    return configuration;
  };
  const OWN = {
    name: "piggy-annotations",
    expression: expect.stringContaining("startsWith('piggysec.com/')"),
  };
  const MINE = { name: "mine", expression: "true" };

  test("those with an annotation of ours, where no default makes every Pod one", async () => {
    expect(await webhookOf({})).toMatchObject({ webhooks: [{ matchConditions: [OWN] }] });
  });

  test.each([
    ["AWS_SECRET_NAME", "shop"],
    ["aws_ssm_parameter_path", "/shop"],
    ["PIGGY_ADDRESS", "https://piggy.example.com"],
  ])("every Pod, where %s is a default", async (name, value) => {
    const { webhooks } = { webhooks: [], ...(await webhookOf({ env: { [name]: value } })) };
    expect(webhooks).toHaveLength(1);
    expect(webhooks[0]).not.toHaveProperty("matchConditions");
  });

  test("an empty default is none", async () => {
    expect(await webhookOf({ env: { AWS_SECRET_NAME: "" } })).toMatchObject({
      webhooks: [{ matchConditions: [OWN] }],
    });
  });

  test("of these the ones that the operator's own conditions hold for", async () => {
    const mutate = { matchConditions: [MINE] };
    expect(await webhookOf({ mutate })).toMatchObject({ webhooks: [{ matchConditions: [OWN, MINE] }] });
    expect(await webhookOf({ mutate, env: { AWS_SECRET_NAME: "shop" } })).toMatchObject({
      webhooks: [{ matchConditions: [MINE] }],
    });
  });

  test("none of kube-system, our own namespace, and those that are left out", async () => {
    const mutate = { excludeNamespaces: ["monitoring", "kube-system"] };
    const values = ["kube-system", "piggy-webhooks", "monitoring"];
    const matchExpressions = [{ key: "kubernetes.io/metadata.name", operator: "NotIn", values }];
    expect(await webhookOf({ mutate })).toMatchObject({
      webhooks: [{ namespaceSelector: { matchExpressions } }],
    });
  });

  test("and one that cannot be sent is not created, unless the operator says so", async () => {
    expect(await webhookOf({})).toMatchObject({ webhooks: [{ failurePolicy: "Fail", timeoutSeconds: 10 }] });
    const mutate = { podsFailurePolicy: "Ignore", timeoutSeconds: false };
    expect(await webhookOf({ mutate })).toMatchObject({
      webhooks: [{ failurePolicy: "Ignore", timeoutSeconds: 10 }],
    });
  });
});

describe("what piggy-webhooks may do", () => {
  const right = (verb: string, resources: readonly string[], group = "") => ({
    apiGroups: [group],
    resources,
    verbs: [verb],
  });
  const ALWAYS = [right("create", ["tokenreviews"], "authentication.k8s.io"), right("get", ["pods"])];
  const NODES = right("list", ["nodes"]);
  const EVENTS = right("create", ["events"], "events.k8s.io");
  const SECRETS = right("get", ["secrets", "serviceaccounts"]);
  const CONFIG_MAPS = right("get", ["configmaps"]);
  const NOTHING_ELSE = { secrets: "none", configMaps: "none", nodes: false, events: false };

  test("everywhere is what it asks for, and no more", async () => {
    expect(await rendered("ClusterRole")).toMatchObject([
      { rules: [...ALWAYS, NODES, EVENTS, CONFIG_MAPS, SECRETS] },
    ]);
    expect(await rendered("Role")).toEqual([]);
  });

  test("is no more than it needs to hand out secrets, where it is to have none of the rest", async () => {
    const rbac = NOTHING_ELSE;
    expect(await rendered("ClusterRole", { rbac })).toMatchObject([{ rules: ALWAYS }]);
    expect(await rendered("Role", { rbac })).toEqual([]);
  });

  test("is by namespaces, where they are named", async () => {
    const rbac = { ...NOTHING_ELSE, secrets: ["shop"], configMaps: ["shop", "till"] };
    expect(await rendered("ClusterRole", { rbac })).toMatchObject([{ rules: ALWAYS }]);
    const roles = await rendered("Role", { rbac });
    expect(roles).toHaveLength(3);
    expect(roles).toMatchObject([
      { metadata: { namespace: "shop" }, rules: [CONFIG_MAPS] },
      { metadata: { namespace: "till" }, rules: [CONFIG_MAPS] },
      { metadata: { namespace: "shop" }, rules: [SECRETS] },
    ]);
    expect(await rendered("RoleBinding", { rbac })).toHaveLength(3);
  });
});

test("one of two replicas is always there, and not both on one node", async () => {
  const spreadOver = (topologyKey: string) => ({
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: "ScheduleAnyway",
  });
  expect(await rendered("Deployment")).toMatchObject([
    {
      spec: { replicas: 2, strategy: { rollingUpdate: { maxUnavailable: 0 } } },
    },
  ]);
  expect(await rendered("Deployment")).toMatchObject([
    podSpec({
      topologySpreadConstraints: [
        spreadOver("kubernetes.io/hostname"),
        spreadOver("topology.kubernetes.io/zone"),
      ],
    }),
  ]);
  expect(await rendered("PodDisruptionBudget")).toMatchObject([{ spec: { maxUnavailable: 1 } }]);
});
