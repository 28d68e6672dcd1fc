/**
 * The one table of settings. A row is a Pod annotation `piggysec.com/NAME` and a webhook environment variable (NAME
 * in upper case, `-` as `_`); the annotation wins over the environment, the environment over the default. The
 * documentation's table, the chart's schema and every look-up come from here: to add a setting, add a row and a test.
 */

export const ANNOTATION_PREFIX = "piggysec.com/";

/** Who acts on a setting. */
export type Reader = "admission" | "secrets" | "injector" | "server";

/** Where a setting may be given. `annotation` is the Pod's, `environment` the webhook's. */
export type Source = "annotation" | "environment";

export interface Row {
  readonly type: keyof ValueTypes;
  readonly default?: string | boolean | number;
  /** What an unreadable value counts as, where the default would be the less safe of the two. */
  readonly unreadable?: boolean;
  /** Why nobody should give it any more, for a Pod that does. */
  readonly deprecated?: string;
  readonly from: readonly Source[];
  readonly readBy: readonly Reader[];
  readonly meaning: string;
  /** As it might be written, and no default. */
  readonly example: string;
}

export interface ValueTypes {
  string: string;
  boolean: boolean;
  /** Whole number, 0 or more. */
  integer: number;
  /** Milliseconds, from a Go duration. */
  duration: number;
  /** A Kubernetes quantity, as written. */
  quantity: string;
  /** The same, or `auto` for what costs the Pod nothing. */
  quantityOrAuto: string;
  /** An http or https URL, as written, without trailing slashes. */
  url: string;
  pullPolicy: string;
  resolver: string;
  acceptance: string;
  unseen: string;
  delivery: string;
}

const EITHER = ["annotation", "environment"] as const;
const WEBHOOK_ONLY = ["environment"] as const;

export const SETTINGS = {
  "aws-secret-name": {
    type: "string",
    from: EITHER,
    readBy: ["admission", "secrets"],
    meaning:
      "Secrets Manager secret that bare references are looked up in. In proxy mode, default: prefix, namespace, `/`, service account, suffix.",
    example: "shop/cart",
  },
  "aws-ssm-parameter-path": {
    type: "string",
    from: EITHER,
    readBy: ["admission", "secrets"],
    meaning:
      "Parameter Store path that bare references are looked up in, in place of a secret: every parameter below it, by the last segment of its name, of names that end alike the shallowest.",
    example: "/shop/cart",
  },
  "aws-secret-version": {
    type: "string",
    default: "AWSCURRENT",
    from: EITHER,
    readBy: ["admission", "secrets"],
    meaning:
      "Version of the secret: a version id, where it is a UUID or one of Terraform's such as terraform-20240611093512345600000001, else a staging label. A version of any other id: `piggy://sm/NAME?version=ID`.",
    example: "AWSPREVIOUS",
  },
  "aws-region": {
    type: "string",
    from: EITHER,
    readBy: ["admission", "secrets"],
    meaning: "AWS region of the secret or the parameter path.",
    example: "eu-west-1",
  },
  "piggy-env-image": {
    type: "string",
    from: EITHER,
    readBy: ["admission"],
    meaning: "Image of the injector. The chart sets it on the webhook.",
    example: "registry.example.com/piggysec/piggy-env:1.0.0",
  },
  "piggy-env-image-pull-policy": {
    type: "pullPolicy",
    default: "Always",
    from: EITHER,
    readBy: ["admission"],
    meaning: "Pull policy of the injector's image: `Always`, `IfNotPresent` or `Never`.",
    example: "IfNotPresent",
  },
  "piggy-env-resource-cpu-request": {
    type: "quantity",
    default: "50m",
    from: EITHER,
    readBy: ["admission"],
    meaning: "CPU request of the install container.",
    example: "100m",
  },
  "piggy-env-resource-memory-request": {
    type: "quantity",
    default: "64Mi",
    from: EITHER,
    readBy: ["admission"],
    meaning: "Memory request of the install container.",
    example: "96Mi",
  },
  "piggy-env-resource-cpu-limit": {
    type: "quantityOrAuto",
    default: "200m",
    from: EITHER,
    readBy: ["admission"],
    meaning:
      "CPU limit of the install container. `auto`, which the chart sets, is the highest that one of the Pod's own containers has, from 200m to one processor, and one where none has any; the request is then that container's, within that limit, and no less than `piggy-env-resource-cpu-request`.",
    example: "auto",
  },
  "piggy-env-resource-memory-limit": {
    type: "quantity",
    default: "64Mi",
    from: EITHER,
    readBy: ["admission"],
    meaning: "Memory limit of the install container.",
    example: "128Mi",
  },
  "piggy-psp-allow-privilege-escalation": {
    type: "boolean",
    default: false,
    deprecated: "PodSecurityPolicy is gone, and the install container gains nothing by it",
    from: EITHER,
    readBy: ["admission"],
    meaning: "Sets allowPrivilegeEscalation on the install container.",
    example: "true",
  },
  "piggy-address": {
    type: "url",
    from: EITHER,
    readBy: ["admission"],
    meaning:
      "The webhook's address for proxy mode. Default: the webhook's own Service. At another name than the Service's its certificate has to be by a public CA.",
    example: "https://piggy-webhooks.piggy-webhooks.svc.cluster.local",
  },
  "piggy-skip-verify-tls": {
    type: "boolean",
    default: false,
    from: EITHER,
    readBy: ["admission", "injector"],
    meaning: "The injector does not verify the webhook's certificate. For debugging only.",
    example: "true",
  },
  "piggy-uid": {
    type: "string",
    from: ["annotation"],
    readBy: ["secrets"],
    meaning: "Written by the webhook: a JSON object from each changed container's uid to its signature.",
    example: '{"0a1b…":"9f86…"}',
  },
  "piggy-ignore-no-env": {
    type: "boolean",
    default: false,
    from: EITHER,
    readBy: ["admission", "injector"],
    meaning:
      "Start the container although a reference stays unresolved; its variable keeps the literal text.",
    example: "true",
  },
  "piggy-enforce-integrity": {
    type: "boolean",
    default: true,
    from: EITHER,
    readBy: ["admission", "secrets"],
    meaning: "Give secrets only to the command that was admitted.",
    example: "false",
  },
  "piggy-unseen": {
    type: "unseen",
    default: "wrap",
    from: EITHER,
    readBy: ["admission"],
    meaning:
      "What to do with a container whose ConfigMap or Secret does not exist yet or may not be read: `wrap` it, in case it will hold references, or `ignore` it.",
    example: "ignore",
  },
  "piggy-delivery": {
    type: "delivery",
    default: "auto",
    from: EITHER,
    readBy: ["admission"],
    meaning:
      "How the injector gets into a Pod: `init`, copied by an init container; `image`, as a volume that is its image; `auto`, `image` where every node of the cluster can.",
    example: "image",
  },
  "piggy-delivery-settle": {
    type: "duration",
    default: 600_000,
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "How long no node must be seen that cannot mount images before `auto` is `image`.",
    example: "1m",
  },
  "piggy-containers": {
    type: "string",
    from: ["annotation"],
    readBy: ["admission"],
    meaning:
      "Names of the containers that may be wrapped, init containers too, separated by commas. Default: all.",
    example: "app, migrate",
  },
  "piggy-skip-containers": {
    type: "string",
    from: ["annotation"],
    readBy: ["admission"],
    meaning:
      "Names of the containers that are never wrapped, separated by commas. References that they hold stay text, with a warning.",
    example: "istio-proxy",
  },
  debug: {
    type: "boolean",
    default: false,
    from: EITHER,
    readBy: ["admission", "injector", "server"],
    meaning: "The injector, or on the webhook also the webhook, logs at debug level.",
    example: "true",
  },
  "image-pull-secret": {
    type: "string",
    from: EITHER,
    readBy: ["admission"],
    meaning: "Registry credentials for the entrypoint look-up, tried after the Pod's own imagePullSecrets.",
    example: "registry-login",
  },
  "image-pull-secret-namespace": {
    type: "string",
    from: EITHER,
    readBy: ["admission"],
    meaning: "Namespace of image-pull-secret. Default: the Pod's.",
    example: "piggy-webhooks",
  },
  "image-skip-verify-registry": {
    type: "boolean",
    default: false,
    from: EITHER,
    readBy: ["admission"],
    meaning: "The entrypoint look-up does not verify the registry's certificate.",
    example: "true",
  },
  standalone: {
    type: "boolean",
    default: false,
    from: EITHER,
    readBy: ["admission", "injector"],
    meaning: "The injector talks to AWS itself, with the Pod's own identity, and never to the webhook.",
    example: "true",
  },
  "piggy-dns-resolver": {
    type: "resolver",
    from: EITHER,
    readBy: ["admission", "injector"],
    meaning:
      "Transport that the injector's DNS look-ups are forced over, by a resolver of its own: `udp` or `tcp`, or with only the nameservers of one family `udp4`, `udp6`, `tcp4`, `tcp6`. Default: the C library's resolver. Not for what goes through an HTTP proxy, nor for the proxy's own name.",
    example: "tcp",
  },
  "piggy-initial-delay": {
    type: "duration",
    from: EITHER,
    readBy: ["admission", "injector"],
    meaning: "How long the injector waits before it asks for secrets, as a Go duration.",
    example: "500ms",
  },
  "piggy-number-of-retry": {
    type: "integer",
    default: 0,
    from: EITHER,
    readBy: ["admission", "injector"],
    meaning: "How often the injector asks again after a failure, 500 ms apart.",
    example: "3",
  },
  "piggy-enforce-service-account": {
    type: "boolean",
    default: false,
    unreadable: true,
    from: WEBHOOK_ONLY,
    readBy: ["secrets"],
    meaning: "Refuse a secret that does not hold PIGGY_ALLOWED_SA.",
    example: "true",
  },
  "piggy-deadline": {
    type: "duration",
    default: 60_000,
    from: EITHER,
    readBy: ["admission", "injector"],
    meaning:
      "How long the injector asks again, with growing pauses, while what fails can heal by itself. Not with piggy-number-of-retry.",
    example: "2m30s",
  },
  "piggy-default-secret-name-prefix": {
    type: "string",
    default: "",
    from: EITHER,
    readBy: ["admission", "secrets"],
    meaning: "Stands before the default secret name.",
    example: "production/",
  },
  "piggy-default-secret-name-suffix": {
    type: "string",
    default: "",
    from: EITHER,
    readBy: ["admission", "secrets"],
    meaning: "Stands after the default secret name.",
    example: "/env",
  },
  "piggy-allowed-secrets": {
    type: "string",
    default: "",
    from: WEBHOOK_ONLY,
    readBy: ["secrets"],
    meaning:
      "Which secrets and parameters may be asked for, and by whom: patterns such as `{namespace}/{serviceAccount}/**`, separated by commas. Default: all that the webhook's AWS identity may read.",
    example: "{namespace}/{serviceAccount}/**",
  },
  "piggy-assume-roles": {
    type: "string",
    default: "",
    from: WEBHOOK_ONLY,
    readBy: ["secrets"],
    meaning:
      'Which secrets are read as which role, the first that names one: a JSON list such as `[{"secrets": "{namespace}/**", "role": "arn:aws:iam::111122223333:role/piggy-{namespace}"}]`, each with an `externalId` if the role wants one. Default: all as the webhook itself.',
    example: '[{"secrets": "{namespace}/**", "role": "arn:aws:iam::111122223333:role/piggy-{namespace}"}]',
  },
  "piggy-cache-ttl": {
    type: "duration",
    default: 30_000,
    from: WEBHOOK_ONLY,
    readBy: ["secrets"],
    meaning:
      "How long a secret or parameter that was read is given out again without AWS being asked, and once as long while AWS cannot be reached. `0` keeps nothing.",
    example: "5m",
  },
  "piggy-accept-default-tokens": {
    type: "acceptance",
    default: "auto",
    from: WEBHOOK_ONLY,
    readBy: ["secrets"],
    meaning:
      "Whether a Pod's default service-account token is accepted: `auto` for Pods that an older webhook admitted, `true`, or `false`.",
    example: "false",
  },
  "piggy-events": {
    type: "boolean",
    default: true,
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "Say on a Pod, as an Event, why it is not given its secrets.",
    example: "false",
  },
  "piggy-registry-origins": {
    type: "string",
    default: "",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning:
      "Registries that may be asked although they are without TLS or on this machine: origins such as `http://registry.local:5000`, separated by commas.",
    example: "http://registry.local:5000",
  },
  "piggy-registry-mirrors": {
    type: "string",
    default: "",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning:
      "Mirrors that are asked for images before their registries: `docker.io=https://mirror.example.com/v2/hub`, separated by commas.",
    example: "docker.io=https://mirror.example.com/v2/hub",
  },
  "piggy-registry-ca-file": {
    type: "string",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "PEM file of CAs that registries' certificates are verified by, besides the built-in roots.",
    example: "/etc/piggy/registry-ca.crt",
  },
  "piggy-service-name": {
    type: "string",
    default: "piggy-webhooks",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "Name of the webhook's own Service, in the webhook's namespace.",
    example: "secrets",
  },
  "piggy-service-account-dir": {
    type: "string",
    default: "/var/run/secrets/kubernetes.io/serviceaccount",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "Folder of the webhook's own `ca.crt`, `token` and `namespace`.",
    example: "/tmp/serviceaccount",
  },
  "listen-address": {
    type: "string",
    default: ":8080",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "Where the webhook listens: `:PORT` on every address of both families, or `HOST:PORT`.",
    example: ":8443",
  },
  "piggy-metrics-address": {
    type: "string",
    default: ":9090",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning:
      "Where the webhook answers GET /metrics and probes, without TLS: as listen-address, or `off` for nowhere.",
    example: "off",
  },
  "tls-cert-file": {
    type: "string",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "PEM file of the webhook's certificate. Without it and its key: plain HTTP.",
    example: "/etc/piggy/tls/tls.crt",
  },
  "tls-private-key-file": {
    type: "string",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "PEM file of the certificate's private key.",
    example: "/etc/piggy/tls/tls.key",
  },
  "tls-ca-file": {
    type: "string",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning:
      "PEM file of the CA that injectors verify the webhook by. Default: `ca.crt` beside the certificate, if it is there.",
    example: "/etc/piggy/tls/ca.crt",
  },
  "piggy-certificate-secret": {
    type: "string",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning:
      "Name of a Secret in the webhook's namespace in which the webhook keeps a CA of its own; it then makes and renews its certificate itself. In place of TLS_CERT_FILE.",
    example: "piggy-webhooks-certificate",
  },
  "piggy-webhook-configuration": {
    type: "string",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning:
      "Name of the MutatingWebhookConfiguration whose caBundle the webhook keeps set, where it has a CA of its own.",
    example: "piggy-webhooks",
  },
  "piggy-certificate-names": {
    type: "string",
    default: "",
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning:
      "Further DNS names in the certificate that the webhook makes, besides those of its Service, separated by commas.",
    example: "piggy-webhooks.piggy-webhooks.svc.corp.example.com",
  },
  "piggy-ca-lifetime": {
    type: "duration",
    default: 315_360_000_000,
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "How long the webhook's own CA lives; the next one takes its place after two thirds of it.",
    example: "43800h",
  },
  "piggy-certificate-lifetime": {
    type: "duration",
    default: 2_592_000_000,
    from: WEBHOOK_ONLY,
    readBy: ["server"],
    meaning: "How long a certificate that the webhook makes lives; it is renewed after two thirds of it.",
    example: "240h",
  },
} as const satisfies Readonly<Record<string, Row>>;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<N extends SettingName> =
  | ValueTypes[(typeof SETTINGS)[N]["type"]]
  | ((typeof SETTINGS)[N] extends { readonly default: unknown } ? never : undefined);

/** Every setting's value, the default where none is given. Durations are milliseconds. */
export type Settings = { readonly [N in SettingName]: ValueOf<N> };

export type Environment = Readonly<Record<string, string | undefined>>;

export function annotationName(name: SettingName): string {
  return ANNOTATION_PREFIX + name;
}

export function environmentName(name: SettingName): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** Every row's name, in the table's order. */
export const settingNames = Object.keys(SETTINGS) as readonly SettingName[];

/** One row, by the type that all rows have: for whoever prints what they say. */
export function rowOf(name: SettingName): Row {
  return SETTINGS[name];
}

/** The names of those that may be given so. */
export function settingNamesFrom(source: Source): readonly SettingName[] {
  return settingNames.filter((name) => rowOf(name).from.includes(source));
}
