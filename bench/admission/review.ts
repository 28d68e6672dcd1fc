/**
 * AdmissionReviews as the API server sends them: a Pod of a StatefulSet with its defaults filled in, the fields that
 * its controller and the ServiceAccount plugin add, and managedFields. Source: Kubernetes API reference,
 * admission.k8s.io/v1 and Pod v1 core.
 */
import managedFields from "./managed-fields.json" with { type: "json" };

/** Stands wherever a request differs from the next; what generates the load writes its serial number over it. */
export const SERIAL = "000000000000";

export const NAMESPACE = "shop";
export const SECRET = "shop/checkout";

export interface Scenario {
  readonly name: string;
  /** The same in a sentence. */
  readonly title: string;
  /** Undefined leaves the container's command to its image. */
  readonly command: readonly string[] | undefined;
  /** Whether variables of the application hold references. */
  readonly hasReferences: boolean;
}

const COMMAND = ["/app/checkout", "serve"];

/** The three things that happen to Pods, from most to least work. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "image known",
    title: "A Pod with references, what its image runs is known",
    command: undefined,
    hasReferences: true,
  },
  {
    name: "command given",
    title: "A Pod with references and a command",
    command: COMMAND,
    hasReferences: true,
  },
  {
    name: "nothing to do",
    title: "A Pod without annotations of ours",
    command: COMMAND,
    hasReferences: false,
  },
];

/** The review as the API server writes it, SERIAL in place. */
export function reviewOf(scenario: Scenario, image: string): string {
  return `${JSON.stringify({ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: requestOf(scenario, image) })}\n`;
}

const POD = { group: "", version: "v1", kind: "Pod" };
const PODS = { group: "", version: "v1", resource: "pods" };
const NAME = `checkout-${SERIAL}`;

function requestOf(scenario: Scenario, image: string): object {
  return {
    uid: `7f1c9a52-3b0e-4d67-a1c4-${SERIAL}`,
    kind: POD,
    resource: PODS,
    requestKind: POD,
    requestResource: PODS,
    name: NAME,
    namespace: NAMESPACE,
    operation: "CREATE",
    userInfo: {
      username: "system:serviceaccount:kube-system:statefulset-controller",
      uid: "b1a1c1b0-53f5-4c0e-9d3c-7f6f1b9e1d11",
      groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
      extra: {
        "authentication.kubernetes.io/credential-id": ["JTI=0d6f0c56-5a0b-4b0b-8d5c-3a1f2f6d8f10"],
      },
    },
    object: podOf(scenario, image),
    oldObject: null,
    dryRun: false,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
  };
}

function podOf(scenario: Scenario, image: string): object {
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name: NAME,
      generateName: "checkout-",
      namespace: NAMESPACE,
      uid: `c0ffee00-7a43-4c8e-b1de-${SERIAL}`,
      creationTimestamp: "2026-11-20T09:30:11Z",
      labels: {
        "app.kubernetes.io/component": "api",
        "app.kubernetes.io/instance": "checkout",
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/name": "checkout",
        "app.kubernetes.io/version": "4.18.2",
        "apps.kubernetes.io/pod-index": "0",
        "controller-revision-hash": "checkout-6c9f7d5b8d",
        "statefulset.kubernetes.io/pod-name": NAME,
      },
      annotations: {
        "checksum/config": "5b1d7e8f3a0c4e6b9d2f1a7c8e0b4d6f5b1d7e8f3a0c4e6b9d2f1a7c8e0b4d6f",
        ...(scenario.hasReferences ? { "piggysec.com/aws-secret-name": SECRET } : {}),
        "prometheus.io/path": "/metrics",
        "prometheus.io/port": "9090",
        "prometheus.io/scrape": "true",
      },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "StatefulSet",
          name: "checkout",
          uid: "9f3a6c1e-0d2b-4d57-8b1c-2f9a7e6d5c40",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields,
    },
    spec: specOf(scenario, image),
    status: {},
  };
}

const TOKEN_MOUNT = {
  name: "kube-api-access-x7k2p",
  readOnly: true,
  mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
};

const MESSAGE = { terminationMessagePath: "/dev/termination-log", terminationMessagePolicy: "File" };
const RESTRICTED = {
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
};

function probe(path: string, failureThreshold: number): object {
  return {
    httpGet: { path, port: "http", scheme: "HTTP" },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold,
  };
}

function specOf(scenario: Scenario, image: string): object {
  return {
    volumes: [
      { name: "data", persistentVolumeClaim: { claimName: `data-${NAME}` } },
      { name: "config", configMap: { name: "checkout-config", defaultMode: 420 } },
      { name: "tmp", emptyDir: { sizeLimit: "256Mi" } },
      tokenVolume(),
    ],
    containers: [application(scenario, image), exporter()],
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 45,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "checkout",
    serviceAccount: "checkout",
    securityContext: {
      runAsUser: 10001,
      runAsNonRoot: true,
      fsGroup: 10001,
      seccompProfile: { type: "RuntimeDefault" },
    },
    hostname: NAME,
    subdomain: "checkout",
    schedulerName: "default-scheduler",
    tolerations: ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map((key) => ({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    })),
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: "PreemptLowerPriority",
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { "app.kubernetes.io/name": "checkout" } },
      },
    ],
  };
}

function tokenVolume(): object {
  return {
    name: TOKEN_MOUNT.name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}

function application({ command, hasReferences }: Scenario, image: string): object {
  const secret = (key: string) => (hasReferences ? `piggy:${key}` : `not-a-secret-${key}`);
  return {
    name: "checkout",
    image,
    ...(command === undefined ? {} : { command }),
    args: ["--listen=:8080", "--config=/etc/checkout/config.yaml"],
    ports: [
      { name: "http", containerPort: 8080, protocol: "TCP" },
      { name: "metrics", containerPort: 9090, protocol: "TCP" },
    ],
    env: [
      { name: "POD_IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
      { name: "LOG_LEVEL", value: "info" },
      { name: "DB_HOST", value: "postgres.shop.svc.cluster.local" },
      { name: "DB_USER", value: "checkout" },
      { name: "DB_PASSWORD", value: secret("DB_PASSWORD") },
      { name: "STRIPE_API_KEY", value: secret("STRIPE_API_KEY") },
      { name: "SESSION_SECRET", value: secret("SESSION_SECRET") },
      { name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: "http://otel-collector.observability:4317" },
      { name: "OTEL_SERVICE_NAME", value: "checkout" },
    ],
    resources: { limits: { cpu: "1", memory: "512Mi" }, requests: { cpu: "100m", memory: "256Mi" } },
    volumeMounts: [
      { name: "data", mountPath: "/var/lib/checkout" },
      { name: "config", readOnly: true, mountPath: "/etc/checkout" },
      { name: "tmp", mountPath: "/tmp" },
      TOKEN_MOUNT,
    ],
    livenessProbe: probe("/livez", 3),
    readinessProbe: probe("/readyz", 3),
    startupProbe: probe("/livez", 30),
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    ...MESSAGE,
    imagePullPolicy: "IfNotPresent",
    securityContext: RESTRICTED,
  };
}

function exporter(): object {
  return {
    name: "statsd-exporter",
    image: "registry.example.com/prom/statsd-exporter:v0.28.0",
    args: ["--statsd.listen-udp=:9125", "--web.listen-address=:9102"],
    ports: [{ name: "statsd", containerPort: 9102, protocol: "TCP" }],
    resources: { limits: { memory: "64Mi" }, requests: { cpu: "10m", memory: "32Mi" } },
    volumeMounts: [TOKEN_MOUNT],
    ...MESSAGE,
    imagePullPolicy: "IfNotPresent",
    securityContext: RESTRICTED,
  };
}
