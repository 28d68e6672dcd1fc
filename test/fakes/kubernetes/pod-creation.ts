import { applyPatch, type Operation } from "rfc6902";
import { type AdmissionResponse, decodePatch, podReview, verifyResponse } from "./admission-review.ts";
import type { ObjectStore } from "./objects.ts";
import { type Pod, parsePod, parseStoredPod, type StoredPod } from "./pod.ts";
import { type ServiceAccountSettings, withDefaults, withServiceAccount } from "./pod-defaults.ts";
import { validatePod } from "./pod-validation.ts";
import { boolean, list, object, string } from "./schema.ts";

export interface Webhook {
  /** Without the path: reviews go to `/mutate`. */
  readonly url: string;
  readonly caPem: string;
  /** 10 by default, as in a MutatingWebhookConfiguration. */
  readonly timeoutSeconds?: number;
}

interface Outcome {
  readonly warnings: readonly string[];
  /** The AdmissionReview as sent and, where a webhook was asked, its response as received. */
  readonly review: { readonly request: object; readonly response: AdmissionResponse | undefined };
}

export type Creation =
  | (Outcome & { readonly allowed: true; readonly pod: StoredPod; readonly patch: readonly Operation[] })
  | (Outcome & {
      readonly allowed: false;
      readonly status: { readonly code: number; readonly message: string; readonly reason: string };
    });

/**
 * POST of a Pod, in the API server's order: defaults, the ServiceAccount plugin, the webhook, both plugins again,
 * validation, then name, uid and creation time. Throws where the server would answer with an internal error
 * because the webhook failed, or with a validation error because its patch is wrong.
 */
export async function createPod(
  manifest: unknown,
  objects: ObjectStore,
  webhook?: Webhook,
): Promise<Creation> {
  const pod = admit(arrived(manifest), objects);
  const review = podReview(pod);
  const response = webhook && verifyResponse(await callWebhook(webhook, review), review.request.uid);
  const outcome = { warnings: response?.warnings ?? [], review: { request: review.request, response } };
  if (response?.allowed === false) return { ...outcome, allowed: false, status: denial(response) };
  const patch = response ? decodePatch(response) : [];
  const patched = admit(applied(pod, patch), objects);
  requireValid(patched);
  return { ...outcome, allowed: true, patch, pod: store(patched, objects) };
}

function arrived(manifest: unknown): Pod {
  const pod = parsePod(structuredClone(manifest), "Pod");
  const namespace = pod.metadata.namespace ?? "default";
  // Go serialises both although nobody has set them, and a webhook has to live with it.
  const metadata = { creationTimestamp: null, ...pod.metadata, namespace };
  return { apiVersion: "v1", kind: "Pod", status: {}, ...pod, metadata };
}

function admit(pod: Pod, objects: ObjectStore): Pod {
  const defaulted = withDefaults(pod);
  const account = settingsOf(defaulted, objects);
  return withDefaults(withServiceAccount(defaulted, account, randomSuffix()));
}

const parseAccount = object(
  {},
  { automountServiceAccountToken: boolean, imagePullSecrets: list(object({}, { name: string })) },
);

function settingsOf({ metadata, spec }: Pod, objects: ObjectStore): ServiceAccountSettings {
  const name = spec.serviceAccountName ?? "default";
  const account = objects.get("ServiceAccount", metadata.namespace, name);
  if (account === undefined) {
    const namespaced = `${metadata.namespace}/${name}`;
    throw new Error(`error looking up service account ${namespaced}: serviceaccount "${name}" not found`);
  }
  const { automountServiceAccountToken = true, imagePullSecrets = [] } = parseAccount(
    account,
    "ServiceAccount",
  );
  return { automountServiceAccountToken, imagePullSecrets };
}

async function callWebhook({ url, caPem, timeoutSeconds = 10 }: Webhook, review: object): Promise<unknown> {
  const target = `${url}/mutate?timeout=${timeoutSeconds}s`;
  const failed = `failed calling webhook: Post "${target}"`;
  const response = await fetch(target, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(review),
    tls: { ca: caPem },
    redirect: "error",
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  }).catch((error: unknown) => {
    throw new Error(`${failed}: ${error}`, { cause: error });
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`${failed}: status ${response.status}: ${body}`);
  try {
    return JSON.parse(body);
  } catch {
    throw new Error(`${failed}: the answer is not JSON: "${body}"`);
  }
}

function denial({ status = {} }: AdmissionResponse): { code: number; message: string; reason: string } {
  const denied = "admission webhook denied the request";
  const { code = 0, message, reason = "" } = status;
  const why = message || reason;
  return {
    code: Math.max(code, 400),
    reason,
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
  };
}

function applied(pod: Pod, patch: readonly Operation[]): Pod {
  const target = structuredClone(pod);
  const faults = applyPatch(target, structuredClone([...patch])).flatMap((fault, index) =>
    fault ? [`${JSON.stringify(patch[index])}: ${fault.name} ${fault.message}`] : [],
  );
  if (faults.length > 0) throw new Error(`the webhook's patch cannot be applied: ${faults.join("; ")}`);
  return parsePod(target, "Pod");
}

function requireValid(pod: Pod): void {
  const faults = validatePod(pod);
  const name = pod.metadata.name ?? pod.metadata.generateName;
  if (faults.length > 0) throw new Error(`Pod "${name}" is invalid: ${faults.join("; ")}`);
}

function store(pod: Pod, objects: ObjectStore): StoredPod {
  const { name, generateName } = pod.metadata;
  if (!name && !generateName)
    throw new Error('Pod "" is invalid: metadata.name: Required value: name or generateName');
  // A manifest restored from a stored Pod brings fields that only the server gives.
  const own = { uid: undefined, creationTimestamp: undefined, resourceVersion: undefined };
  const { uid, creationTimestamp, resourceVersion, ...metadata } = { ...own, ...pod.metadata };
  const named = { ...metadata, name: name || `${generateName}${randomSuffix()}` };
  if (objects.get("Pod", metadata.namespace, named.name))
    throw new Error(`pods "${named.name}" already exists`);
  const stored = objects.put({ ...pod, metadata: named, status: { phase: "Pending" } });
  return parseStoredPod(stored, "Pod");
}

/** Five letters and digits, without those that could make a word. */
function randomSuffix(): string {
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  return Array.from(
    crypto.getRandomValues(new Uint8Array(5)),
    (byte) => alphabet[byte % alphabet.length],
  ).join("");
}
