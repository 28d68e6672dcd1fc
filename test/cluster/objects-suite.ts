/** What the chart installs for its values. Part of `npm run test:cluster`, for Helm is built by it; it needs no cluster. */
import { describe, expect, test } from "bun:test";
import { version } from "../../package.json" with { type: "json" };
import { CERTIFICATE, podSpec, rendered } from "./rendering.ts";
import { rightsGivenBy, rightsOnPage } from "./written-rights.ts";

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
  const rightTo = (resource: string, name: string, verbs: readonly string[], group = "") => ({
    apiGroups: [group],
    resources: [resource],
    resourceNames: [name],
    verbs,
  });
  const CONFIGURATION = rightTo(
    "mutatingwebhookconfigurations",
    "piggy-webhooks",
    ["get", "patch"],
    "admissionregistration.k8s.io",
  );
  const ownRole = (...verbs: readonly string[]) => ({
    metadata: { name: "piggy-webhooks-own", namespace: "piggy-webhooks" },
    rules: [
      right("create", ["secrets"]),
      rightTo("secrets", "piggy-webhooks-own-ca", verbs),
      rightTo("services", "piggy-webhooks", ["get"]),
    ],
  });
  const ALWAYS = [right("create", ["tokenreviews"], "authentication.k8s.io"), right("get", ["pods"])];
  const NODES = right("list", ["nodes"]);
  const EVENTS = right("create", ["events"], "events.k8s.io");
  const SECRETS = right("get", ["secrets", "serviceaccounts"]);
  const CONFIG_MAPS = right("get", ["configmaps"]);
  const NOTHING_ELSE = { secrets: "none", configMaps: "none", nodes: false, events: false };

  test("everywhere is what it asks for, and no more", async () => {
    expect(await rendered("ClusterRole")).toMatchObject([
      { rules: [...ALWAYS, NODES, EVENTS, CONFIGURATION, CONFIG_MAPS, SECRETS] },
    ]);
    expect(await rendered("Role")).toMatchObject([ownRole("update")]);
    expect(await rendered("RoleBinding")).toHaveLength(1);
  });

  test("is no more than it needs to hand out secrets, where it is to have none of the rest", async () => {
    const rbac = NOTHING_ELSE;
    expect(await rendered("ClusterRole", { rbac })).toMatchObject([{ rules: [...ALWAYS, CONFIGURATION] }]);
    expect(await rendered("Role", { rbac })).toMatchObject([ownRole("get", "update")]);
  });

  test("is nothing that is its own, where it keeps no CA", async () => {
    const values = { rbac: NOTHING_ELSE, tls: CERTIFICATE };
    expect(await rendered("ClusterRole", values)).toMatchObject([{ rules: ALWAYS }]);
    expect(await rendered("Role", values)).toEqual([]);
    expect(await rendered("RoleBinding", values)).toEqual([]);
  });

  test("is by namespaces, where they are named", async () => {
    const rbac = { ...NOTHING_ELSE, secrets: ["shop"], configMaps: ["shop", "till"] };
    const values = { rbac, tls: CERTIFICATE };
    expect(await rendered("ClusterRole", values)).toMatchObject([{ rules: ALWAYS }]);
    const roles = await rendered("Role", values);
    expect(roles).toHaveLength(3);
    expect(roles).toMatchObject([
      { metadata: { namespace: "shop" }, rules: [CONFIG_MAPS] },
      { metadata: { namespace: "till" }, rules: [CONFIG_MAPS] },
      { metadata: { namespace: "shop" }, rules: [SECRETS] },
    ]);
    expect(await rendered("RoleBinding", values)).toHaveLength(3);
  });

  test("is given by others, where they say so, and to the account that they name", async () => {
    const rbac = { create: false, secrets: ["shop"] };
    const values = { rbac, serviceAccount: { create: false, name: "theirs" } };
    for (const kind of ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount"]) {
      expect(await rendered(kind, values)).toEqual([]);
    }
    expect(await rendered("Deployment", values)).toMatchObject([podSpec({ serviceAccountName: "theirs" })]);
  });

  test("stands on the chart's page, and nothing else, with what its test may do", async () => {
    const of = "the release and its test";
    const roles = [...(await rendered("ClusterRole", {}, of)), ...(await rendered("Role", {}, of))];
    const given = rightsGivenBy(roles);
    expect(given).toContain("create pods");
    expect(await rightsOnPage()).toEqual(given);
  });
});

describe("the certificate", () => {
  const podOf = async (values: object) => {
    const [deployment] = await rendered("Deployment", values);
    return JSON.stringify(deployment);
  };
  const clientConfigOf = async (values: object) => {
    const [configuration] = await rendered("MutatingWebhookConfiguration", values);
    return JSON.stringify(configuration);
  };

  test("is by a CA of its own where nothing is said: no file, and no caBundle that would empty what it sets", async () => {
    expect(await rendered("Deployment")).toMatchObject([
      podSpec({
        containers: [
          {
            env: expect.arrayContaining([
              { name: "PIGGY_CERTIFICATE_SECRET", value: "piggy-webhooks-own-ca" },
              { name: "PIGGY_WEBHOOK_CONFIGURATION", value: "piggy-webhooks" },
              { name: "PIGGY_SERVICE_NAME", value: "piggy-webhooks" },
            ]),
          },
        ],
      }),
    ]);
    expect(await podOf({})).not.toMatch(/TLS_CERT_FILE|"volumes"|"volumeMounts"/);
    expect(await clientConfigOf({})).not.toContain("caBundle");
  });

  test("is cert-manager's, by a CA that is made for it and keeps its key", async () => {
    const values = { tls: { mode: "cert-manager" } };
    const name = "piggy-webhooks-cert-manager";
    const [authority, certificate] = await rendered("Certificate", values);
    const rootRef = { group: "cert-manager.io", kind: "Issuer", name: `${name}-root` };
    expect(authority).toMatchObject({
      spec: {
        isCA: true,
        secretName: `${name}-ca`,
        privateKey: { rotationPolicy: "Never" },
        issuerRef: rootRef,
      },
    });
    const dnsNames = expect.arrayContaining(["piggy-webhooks.piggy-webhooks.svc"]);
    expect(certificate).toMatchObject({
      metadata: { name },
      spec: { secretName: name, dnsNames, issuerRef: { ...rootRef, name } },
    });
    expect(await rendered("Issuer", values)).toMatchObject([
      { metadata: { name: rootRef.name }, spec: { selfSigned: {} } },
      { metadata: { name }, spec: { ca: { secretName: `${name}-ca` } } },
    ]);
    expect(await rendered("Deployment", values)).toMatchObject([
      podSpec({ volumes: [{ name: "certs", secret: { secretName: name } }] }),
    ]);
    const annotations = { "cert-manager.io/inject-ca-from": `piggy-webhooks/${name}` };
    expect(await rendered("MutatingWebhookConfiguration", values)).toMatchObject([
      { metadata: { annotations } },
    ]);
    expect(await clientConfigOf(values)).not.toContain("caBundle");
    expect(await rendered("Role", values)).toEqual([]);
  });

  test("is cert-manager's, by an issuer that is there", async () => {
    const issuerRef = { name: "internal", kind: "ClusterIssuer" };
    const values = { tls: { mode: "cert-manager", certManager: { issuerRef } } };
    expect(await rendered("Issuer", values)).toEqual([]);
    const certificates = await rendered("Certificate", values);
    expect(certificates).toHaveLength(1);
    expect(certificates).toMatchObject([{ spec: { issuerRef: { ...issuerRef, group: "cert-manager.io" } } }]);
  });

  test("is the operator's, of a Secret", async () => {
    const values = { tls: CERTIFICATE };
    expect(await rendered("Deployment", values)).toMatchObject([
      podSpec({
        containers: [
          {
            env: expect.arrayContaining([
              { name: "TLS_CERT_FILE", value: "/certs/tls.crt" },
              { name: "TLS_PRIVATE_KEY_FILE", value: "/certs/tls.key" },
            ]),
            volumeMounts: [{ name: "certs", mountPath: "/certs", readOnly: true }],
          },
        ],
        volumes: [{ name: "certs", secret: { secretName: CERTIFICATE.secretName } }],
      }),
    ]);
    expect(await podOf(values)).not.toContain("PIGGY_CERTIFICATE_SECRET");
    const caBundle = Buffer.from(CERTIFICATE.caBundle).toString("base64");
    expect(await rendered("MutatingWebhookConfiguration", values)).toMatchObject([
      { webhooks: [{ clientConfig: { caBundle } }] },
    ]);
  });
});

describe("the images", () => {
  const DIGEST = `sha256:${"0a".repeat(32)}`;
  const imagesOf = (image: string, injector: string) => [
    podSpec({
      containers: [{ image, env: expect.arrayContaining([{ name: "PIGGY_ENV_IMAGE", value: injector }]) }],
    }),
  ];
  const REPOSITORIES = { own: "ghcr.io/piggysec/piggy-webhooks", injector: "ghcr.io/piggysec/piggy-env" };

  test("are those of the chart's version", async () => {
    const { own, injector } = REPOSITORIES;
    expect(await rendered("Deployment")).toMatchObject(
      imagesOf(`${own}:${version}`, `${injector}:${version}`),
    );
  });

  test("are by their digests where the chart was released with them, also from a mirror", async () => {
    const [own, injector] = ["registry.example.com/webhooks", "registry.example.com/env"];
    const values = {
      image: { repository: own, digest: DIGEST },
      mutate: { image: { repository: injector, digest: DIGEST } },
    };
    expect(await rendered("Deployment", values)).toMatchObject(
      imagesOf(`${own}:${version}@${DIGEST}`, `${injector}:${version}@${DIGEST}`),
    );
  });

  test("are of the tag that the operator names, and not of the digest that is another's", async () => {
    const image = { tag: "0.7.0", digest: DIGEST };
    const { own, injector } = REPOSITORIES;
    expect(await rendered("Deployment", { image, mutate: { image } })).toMatchObject(
      imagesOf(`${own}:0.7.0`, `${injector}:0.7.0`),
    );
  });
});

describe("helm test", () => {
  const objectsOf = (kind: string, values: object = {}) => rendered(kind, values, "the release and its test");
  const name = "piggy-webhooks-test";

  test("has a right of its own, to create Pods where it asks for one, and nothing of it stays", async () => {
    const values = { test: { namespace: "shop" } };
    const metadata = { name, namespace: "shop" };
    const isIts = (object: { readonly metadata: { readonly name: string } }) => object.metadata.name === name;
    const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["create"] }];
    expect((await objectsOf("Role", values)).filter(isIts)).toMatchObject([{ metadata, rules }]);
    const subjects = [{ kind: "ServiceAccount", namespace: "piggy-webhooks", name }];
    expect((await objectsOf("RoleBinding", values)).filter(isIts)).toMatchObject([{ metadata, subjects }]);
    for (const kind of ["ServiceAccount", "Role", "RoleBinding", "Pod"]) {
      const annotations = {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded,hook-failed",
      };
      expect((await objectsOf(kind)).filter(isIts)).toMatchObject([{ metadata: { annotations } }]);
    }
  });

  test("is of the release's image, no Pod of its Service, and asks for one that is selected", async () => {
    const image = { repository: "registry.example.com/webhooks", tag: "2" };
    const mutate = { objectSelector: { matchLabels: { injected: "yes" } } };
    const [pod, ...others] = await objectsOf("Pod", { image, mutate });
    expect(others).toEqual([]);
    const reference = "registry.example.com/webhooks:2";
    const args = ["check", `--image=${reference}`, "--namespace=default", "--label=injected=yes"];
    expect(pod).toMatchObject({
      metadata: { labels: { "app.kubernetes.io/name": name } },
      spec: { serviceAccountName: name, restartPolicy: "Never", containers: [{ image: reference, args }] },
    });
  });
});

test("the injector's image is pulled beforehand where that is asked for, by Pods that the Service does not lead to", async () => {
  expect(await rendered("DaemonSet")).toEqual([]);
  const image = { repository: "registry.example.com/piggy-env", tag: "2" };
  const values = {
    mutate: { image },
    prePull: { enabled: true, pauseImage: "registry.example.com/pause:1" },
  };
  const [daemonSet] = await rendered("DaemonSet", values);
  expect(daemonSet).toMatchObject(
    podSpec({
      initContainers: [{ image: "registry.example.com/piggy-env:2", args: ["--version"] }],
      containers: [{ image: "registry.example.com/pause:1" }],
      nodeSelector: { "kubernetes.io/os": "linux" },
    }),
  );
  const [service] = await rendered("Service", values);
  const { "app.kubernetes.io/name": name } = Object(service?.["spec"]).selector;
  expect(name).toBe("piggy-webhooks");
  const { labels } = Object(daemonSet?.["spec"]).template.metadata;
  expect(labels).not.toMatchObject({ "app.kubernetes.io/name": name });
});

test("the injector's image is pulled as Pods get it, and not to nodes that are none", async () => {
  const image = "registry.example.com/piggy-env:3";
  const without = (key: string, value: string) => ({ key, operator: "NotIn", values: [value] });
  const matchExpressions = [
    without("eks.amazonaws.com/compute-type", "fargate"),
    without("type", "virtual-kubelet"),
  ];
  const values = { prePull: { enabled: true }, env: { piggy_env_image: image } };
  expect(await rendered("DaemonSet", values)).toMatchObject([
    podSpec({
      initContainers: [{ image }],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
        },
      },
    }),
  ]);
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

test("one replica is taken away before the next starts, where both would need the same port of a node", async () => {
  expect(await rendered("Deployment", { hostNetwork: true })).toMatchObject([
    { spec: { strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } } },
  ]);
});

test("where an autoscaler counts the replicas, an apply of what Helm makes says no number of its own", async () => {
  const [deployment] = await rendered("Deployment", { autoscaling: { enabled: true } });
  expect(deployment?.["spec"]).not.toHaveProperty("replicas");
});
