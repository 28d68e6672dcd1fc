/** piggy-webhooks in this process: its routes behind a listener, before a cluster and a store that are a few objects. */
import type { AdmissionWorld } from "../../lib/admission/world.ts";
import { listen, parseAddress } from "../../lib/http/listener.ts";
import { createReadiness } from "../../lib/http/readiness.ts";
import { createHandler } from "../../lib/http/routes.ts";
import { dataOf } from "../../lib/kubernetes/objects.ts";
import { createRequestMetrics } from "../../lib/metrics/requests.ts";
import { parsePod } from "../../lib/pod.ts";
import { createSecretAnswer } from "../../lib/secrets/answer.ts";
import type { SecretsWorld } from "../../lib/secrets/world.ts";
import { corpusObjects } from "../corpus/corpus.ts";
import { HUSH } from "./read.ts";

const ENVIRONMENT = {
  AWS_REGION: "eu-west-1",
  PIGGY_ENV_IMAGE: "registry.example.com/piggysec/piggy-env:1.0.0",
};

export interface Answered {
  readonly status: number;
  /** X-Piggy-Code */
  readonly code: string | undefined;
  readonly body: string;
  /** What was logged meanwhile. */
  readonly logged: string;
}

export interface FuzzedWebhook {
  mutate(body: string): Promise<Answered>;
  secret(token: string, body: string): Promise<Answered>;
}

const logged: string[] = [];
const log = (level: string, message: string, fields: object = {}) =>
  void logged.push(JSON.stringify({ level, message, ...fields }));

const objects = new Map(
  [
    ...corpusObjects,
    configMap("settings", { SHARED: "piggy:SHARED", HOST: "db", URL: "pg://$(PASSWORD)@db" }),
    secret("coins", { DOLLAR: `${HUSH}$`, REFERENCE: "piggy:COIN", EMBEDDED: `a\${piggy:COIN}` }),
  ].flatMap((object) => {
    const { kind, metadata, data }: Stored = JSON.parse(JSON.stringify(object));
    const known = kind === "ConfigMap" || kind === "Secret" ? dataOf(kind, { data: data ?? {} }) : undefined;
    return known === undefined ? [] : [[`${metadata?.namespace}/${kind}/${metadata?.name}`, known] as const];
  }),
);

interface Stored {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}

function configMap(name: string, data: Readonly<Record<string, string>>) {
  return { kind: "ConfigMap", metadata: { name, namespace: "shop" }, data };
}

function secret(name: string, data: Readonly<Record<string, string>>) {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { kind: "Secret", metadata: { name, namespace: "shop" }, data: Object.fromEntries(encoded) };
}

const admission: AdmissionWorld = {
  webhook: {
    environment: ENVIRONMENT,
    service: {
      name: "piggy-webhooks",
      namespace: "piggy-webhooks",
      port: undefined,
      clusterAddress: "10.96.0.7:443",
    },
    ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    scheme: "https",
  },
  readObject: async (namespace, { kind, name }) => {
    const data = objects.get(`${namespace}/${kind}/${name}`);
    return data === undefined ? { seen: false, reason: "absent" } : { seen: true, data };
  },
  readImageCommand: async () => ({ entrypoint: ["/entrypoint", "$(A)", "$$"], cmd: ["serve"] }),
  imageVolumes: () => ({ verdict: "able", isSettled: true }),
  newUid: () => crypto.randomUUID().replaceAll("-", ""),
  log,
};

/** The Pod of whoever shows any token at all: what it may ask stands in its spec. */
const pod = parsePod({
  metadata: { name: "api", namespace: "shop", uid: "u-1" },
  spec: {
    serviceAccountName: "api",
    volumes: [],
    containers: [
      {
        name: "main",
        image: "app:1",
        command: ["/piggy/piggy-env"],
        args: ["--", "/app"],
        env: [
          { name: "PASSWORD", value: "piggy:PASSWORD" },
          { name: "DEEP", value: "piggy://sm/deep#/a/b" },
          { name: "PIGGY_UID", value: "0123456789abcdef0123456789abcdef" },
          { name: "PIGGY_AWS_SECRET_NAME", value: "shop/api" },
          { name: "PIGGY_AWS_REGION", value: "eu-west-1" },
          { name: "PIGGY_ENFORCE_INTEGRITY", value: "false" },
          { name: "PIGGY_TOKEN_FILE", value: "/var/run/secrets/piggysec.com/serviceaccount/token" },
        ],
      },
    ],
  },
});

const secrets: SecretsWorld = {
  now: Date.now,
  environment: ENVIRONMENT,
  reviewToken: async () => ({
    authenticated: true,
    username: "system:serviceaccount:shop:api",
    audiences: ["piggysec.com"],
    pod: { name: "api", uid: "u-1" },
    error: "",
  }),
  readPod: async () => pod,
  readCachedPod: async () => pod,
  readStore: async () => ({
    values: new Map([
      ["PASSWORD", `${HUSH}-1`],
      ["OTHER", `${HUSH}-2`],
      ["__proto__", `${HUSH}-3`],
      ["constructor", `${HUSH}-4`],
      ["PIGGY_ALLOWED_SA", "shop:api"],
    ]),
    version: "v1",
    arns: ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/api-abcdef"],
    requestId: undefined,
  }),
  readEntry: async () => ({
    value: `{"a":{"b":"${HUSH}-5"},"PIGGY_ALLOWED_SA":"shop:api"}`,
    version: "v1",
    arn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:deep-abcdef",
    requestId: undefined,
  }),
  log,
};

function start(): FuzzedWebhook {
  const handler = createHandler({
    admission,
    answerSecret: createSecretAnswer(secrets),
    isDraining: () => false,
    readiness: createReadiness(() => false),
    metrics: createRequestMetrics(),
    onRefused: () => {},
    log,
  });
  const { port } = listen(parseAddress("127.0.0.1:0"), undefined, handler);
  const post = async (path: string, body: string, headers: Readonly<Record<string, string>>) => {
    const before = logged.length;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body, headers });
    const answered = {
      status: response.status,
      code: response.headers.get("X-Piggy-Code") ?? undefined,
      body: await response.text(),
      logged: logged.slice(before).join("\n"),
    };
    logged.length = 0;
    return answered;
  };
  return {
    mutate: (body) => post("/mutate?timeout=10s", body, {}),
    secret: (token, body) => post("/secret", body, { "X-Token": token }),
  };
}

let webhook: FuzzedWebhook | undefined;

/** One for all who ask; it ends with the process. */
export function fuzzedWebhook(): FuzzedWebhook {
  webhook ??= start();
  return webhook;
}
