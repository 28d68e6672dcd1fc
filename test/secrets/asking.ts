/** Pods that were really admitted, and requests as their injectors send them. Every value that is secret begins with HUSH. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import type { KubernetesFake, StoredPod } from "../fakes/kubernetes.ts";
import { until } from "../support/until.ts";
import type { LogLine, WebhookProcess } from "../support/webhook.ts";

export const HUSH = "hush-";
export const ARGV = ["/bin/app", "--serve", "all day"] as const;
export const NOT_ALLOWED = "decision not allowed\n";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The one line that the request left in the log. */
  readonly audit: LogLine | undefined;
}

export interface SecretDoor {
  /** POST /secret. */
  ask(token: string | undefined, body: unknown): Promise<Answer>;
  /** The audit lines of requests that were sent another way than by `ask`: as many as are said, and no more. */
  sent(count: number, ...withTokens: readonly string[]): Promise<readonly LogLine[]>;
  /** Every audit line so far. */
  decisions(): readonly LogLine[];
  /** Fails unless there is one audit line for each request, and neither a token nor a secret value in any line. */
  expectDiscretion(): void;
}

/** The front door of a running webhook. */
export function secretDoor(webhook: WebhookProcess, ca: string): SecretDoor {
  const tokens = new Set<string>();
  let asked = 0;
  const isDecision = ({ message }: LogLine) => message === "secret decision";
  const decisions = () => webhook.log.filter(isDecision);
  return {
    decisions,
    async sent(count, ...withTokens) {
      for (const token of withTokens) tokens.add(token);
      asked += count;
      await until(() => decisions().length >= asked);
      return decisions().slice(asked - count, asked);
    },
    async ask(token, body) {
      if (token) tokens.add(token);
      asked += 1;
      const from = webhook.log.length;
      const response = await fetch(`https://${webhook.address}/secret`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(token === undefined ? {} : { "X-Token": token }) },
        body: typeof body === "string" ? body : JSON.stringify(body),
        tls: { ca },
      });
      const { status, headers } = response;
      const text = await response.text();
      const id = headers.get("x-request-id");
      const audit = await webhook.logged((line) => isDecision(line) && line["request"] === id, from);
      return { status, headers, body: text, audit };
    },
    expectDiscretion() {
      expect(decisions()).toHaveLength(asked);
      const output = webhook.output();
      expect(output).not.toContain(HUSH);
      expect([...tokens].filter((token) => output.includes(token))).toEqual([]);
    },
  };
}

export interface PodOptions {
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly name?: string;
  /** Without `piggysec.com/`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  /** The environment of a second container, `sidecar`. */
  readonly sidecar?: Readonly<Record<string, string>>;
}

/** A Pod of one container, `app`, as the API server has stored it. */
export interface StartedPod {
  readonly namespace: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly podUid: string;
  /** PIGGY_UID of the container. */
  readonly uid: string;
  readonly argv: readonly string[];
  readonly stored: StoredPod;
}

let pods = 0;

/** Sends a Pod through admission by the webhook that the cluster has. */
export async function startPod(kubernetes: KubernetesFake, options: PodOptions = {}): Promise<StartedPod> {
  const {
    namespace = "shop",
    serviceAccount = "cart",
    argv = ARGV,
    env = { PASSWORD: "piggy:password" },
  } = options;
  pods += 1;
  const name = options.name ?? `pod-${pods}`;
  addServiceAccount(kubernetes, namespace, serviceAccount);
  const [command, ...args] = argv;
  const creation = await kubernetes.createPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace,
      name,
      annotations: prefixed(options.annotations ?? { "aws-secret-name": "shop/cart" }),
    },
    spec: {
      serviceAccountName: serviceAccount,
      containers: [
        { name: "app", image: "registry.example.com/app:1", command: [command], args, env: variables(env) },
        ...(options.sidecar === undefined ? [] : [sidecar(options.sidecar)]),
      ],
    },
  });
  if (!creation.allowed) throw new Error(creation.status.message);
  return started(creation.pod, argv);
}

function sidecar(env: Readonly<Record<string, string>>) {
  return {
    name: "sidecar",
    image: "registry.example.com/sidecar:1",
    command: ["/bin/sidecar"],
    env: variables(env),
  };
}

/** The Pod with further variables in its container, as if admission had written them. */
export function storedWith(
  kubernetes: KubernetesFake,
  { stored, argv }: StartedPod,
  env: Readonly<Record<string, string>>,
): StartedPod {
  const { namespace, name } = stored.metadata;
  const [app, ...others] = stored.spec.containers;
  const containers = [{ ...app, env: [...(app?.env ?? []), ...variables(env)] }, ...others];
  kubernetes.add({ ...stored, apiVersion: "v1", kind: "Pod", spec: { ...stored.spec, containers } });
  const anew = kubernetes.pod(namespace, name);
  if (anew === undefined) throw new Error(`Pod ${name} was not stored`);
  return started(anew, argv);
}

export function started(stored: StoredPod, argv: readonly string[]): StartedPod {
  const { namespace, name, uid: podUid } = stored.metadata;
  const env = stored.spec.containers[0]?.env ?? [];
  const uid = env.find((variable) => variable.name === "PIGGY_UID")?.value ?? "";
  return { namespace, name, serviceAccount: stored.spec.serviceAccountName, podUid, uid, argv, stored };
}

/** One that is there already is kept: a new one of the name would have another uid, and no token would be its. */
export function addServiceAccount(kubernetes: KubernetesFake, namespace: string, name: string): void {
  if (kubernetes.object("ServiceAccount", namespace, name) !== undefined) return;
  kubernetes.add({ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } });
}

export function prefixed(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`piggysec.com/${name}`, value]),
  );
}

export function variables(env: Readonly<Record<string, string>>) {
  return Object.entries(env).map(([name, value]) => ({ name, value }));
}

/** The projected token that the kubelet mounts for the injector. */
export function ownToken(kubernetes: KubernetesFake, pod: StartedPod): Promise<string> {
  return kubernetes.token({ ...accountOf(pod), audiences: ["piggysec.com"], pod: boundTo(pod) });
}

/** The token at /var/run/secrets/kubernetes.io/serviceaccount. */
export function defaultToken(kubernetes: KubernetesFake, pod: StartedPod): Promise<string> {
  return kubernetes.token({ ...accountOf(pod), pod: boundTo(pod) });
}

export function accountOf({ namespace, serviceAccount }: StartedPod) {
  return { namespace, serviceAccount };
}

export function boundTo({ name, podUid }: StartedPod) {
  return { name, uid: podUid };
}

/** What the Pod's injector sends. */
export function requestOf(pod: StartedPod, references: readonly string[] = ["password"]) {
  return { resources: "pods", name: pod.name, uid: pod.uid, signature: digest(pod.argv), references };
}

/** What an injector of an older release sends. */
export function olderRequestOf(pod: StartedPod) {
  return { resources: "pods", name: pod.name, uid: pod.uid, signature: joinedSignature(pod.argv) };
}

/** Hex SHA-256 of the elements, each ended by a NUL byte. */
export function digest(argv: readonly string[]): string {
  const hash = createHash("sha256");
  for (const element of argv) hash.update(element).update(Buffer.of(0));
  return hash.digest("hex");
}

/** Hex SHA-256 of the elements joined by one space, trimmed. */
export function joinedSignature(argv: readonly string[]): string {
  return createHash("sha256").update(argv.join(" ").trim()).digest("hex");
}
