/** A Pod sent through POST /mutate as an API server sends it, and what becomes of it. */
import { expect } from "bun:test";
import { applyPatch, type Operation } from "rfc6902";
import { type AdmissionResponse, decodePatch, verifyResponse } from "../fakes/kubernetes/admission-review.ts";
import { type Container, type Pod, parsePod } from "../fakes/kubernetes/pod.ts";
import type { World } from "../support/world.ts";

export const NAMESPACE = "shop";
export const SECRET = "shop/api-secret";

export interface PodOptions {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly metadata?: object;
  readonly spec?: object;
}

/** A Pod of one container, with one reference and a command of its own unless the test says otherwise. */
export function podWith(container: object = {}, { annotations, metadata, spec }: PodOptions = {}) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "api",
      namespace: NAMESPACE,
      annotations: { "piggysec.com/aws-secret-name": SECRET, ...annotations },
      ...metadata,
    },
    spec: { containers: [containerWith(container)], ...spec },
  };
}

export function containerWith(fields: object = {}) {
  return {
    name: "main",
    image: "registry.example.com/app:1",
    command: ["/app"],
    env: [{ name: "PASSWORD", value: "piggy:PASSWORD" }],
    ...fields,
  };
}

/** What the webhook asks Pods to come to where nothing else is said: its Service, by name. */
export function ownAddressOf({ webhook }: World): string {
  return `https://piggy-webhooks.piggy-webhooks.svc:${new URL(`https://${webhook.address}`).port}`;
}

/** An AdmissionReview of a CREATE. */
export function reviewOf(object: unknown, request: object = {}) {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: crypto.randomUUID(),
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      namespace: NAMESPACE,
      operation: "CREATE",
      object,
      oldObject: null,
      ...request,
    },
  };
}

/** Longer than any answer may take: a request that is not answered by then hangs. */
const CLIENT_TIMEOUT_MS = 30_000;

export function post(
  world: World,
  body: string,
  path = "/mutate?timeout=3s",
  method = "POST",
  timeoutMs = CLIENT_TIMEOUT_MS,
): Promise<Response> {
  return fetch(world.url + path, {
    method,
    headers: { "Content-Type": "application/json" },
    ...(method === "GET" ? {} : { body }),
    tls: { ca: world.authority.pem },
    signal: AbortSignal.timeout(timeoutMs),
  });
}

export interface Mutation {
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  readonly status: NonNullable<AdmissionResponse["status"]>;
  readonly audit: Readonly<Record<string, string>>;
  readonly patch: readonly Operation[];
  /** The Pod with the patch applied. */
  readonly pod: Pod;
  /** The same as JSON, with every field that came. */
  readonly json: unknown;
}

export async function mutate(world: World, manifest: object, path?: string): Promise<Mutation> {
  const { namespace = NAMESPACE } = parsePod(manifest, "Pod").metadata;
  const review = reviewOf(manifest, { namespace });
  const answer = await post(world, JSON.stringify(review), path);
  expect(answer.status).toBe(200);
  const response = verifyResponse(await answer.json(), review.request.uid);
  const patch = decodePatch(response);
  const json = structuredClone(manifest);
  expect(applyPatch(json, structuredClone([...patch]))).toEqual(patch.map(() => null));
  return {
    allowed: response.allowed,
    warnings: response.warnings ?? [],
    status: response.status ?? {},
    audit: response.auditAnnotations ?? {},
    patch,
    pod: parsePod(structuredClone(json), "Pod"),
    json,
  };
}

/** A container of the Pod, init containers included: the first that is not ours, or the one of the name. */
export function containerOf({ spec }: Pod, name = spec.containers[0]?.name): Container {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const found = all.find((container) => container.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

/** The literal values of a container's variables, the last of a name winning. */
export function environmentOf(pod: Pod, name?: string): Readonly<Record<string, string | undefined>> {
  const { env = [] } = containerOf(pod, name);
  return Object.fromEntries(env.map((variable) => [variable.name, variable.value]));
}

export function isWrapped(pod: Pod, name?: string): boolean {
  return containerOf(pod, name).command?.[0] === "/piggy/piggy-env";
}

/** What piggy-uid says, by container. */
export function signaturesOf(pod: Pod): Readonly<Record<string, string | undefined>> {
  const byUid: Record<string, string> = JSON.parse(
    pod.metadata.annotations?.["piggysec.com/piggy-uid"] ?? "{}",
  );
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  return Object.fromEntries(
    all.flatMap(({ name }) => {
      const uid = environmentOf(pod, name)["PIGGY_UID"];
      return uid === undefined ? [] : [[name, byUid[uid]]];
    }),
  );
}

export function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
