/**
 * Events on Pods, events.k8s.io/v1, which `kubectl describe pod` finds by the Pod's uid. Sources: Kubernetes API
 * reference, Event; kubernetes, pkg/apis/core/validation/events.go.
 */
import type { KubernetesClient } from "./client.ts";

export interface PodEvent {
  readonly namespace: string;
  readonly pod: { readonly name: string; readonly uid: string };
  /** In upper camel case, of a small set, for machines as for people. */
  readonly reason: string;
  /** What was being done, likewise. */
  readonly action: string;
  /** For people; what is longer than the API takes is cut off. */
  readonly note: string;
  /** Of two about one Pod that have the same, the second is left out, whoever makes it. */
  readonly occasion: string;
}

export interface Reporter {
  /** `DOMAIN/NAME`. */
  readonly controller: string;
  /** Which replica. */
  readonly instance: string;
}

export function createEventWriter(client: KubernetesClient, { controller, instance }: Reporter) {
  /**
   * Stores a warning.
   * @returns why the API server will not have it; undefined when it is stored
   * @throws PiggyError `kubernetes_unavailable` when no answer came
   */
  return async (event: PodEvent, signal: AbortSignal): Promise<string | undefined> => {
    const { namespace, pod, reason, action, note } = event;
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    const body = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace, name: nameOf(event) },
      eventTime: microTime(new Date()),
      type: "Warning",
      reason,
      action,
      note: cut(note, LONGEST_NOTE),
      regarding: { apiVersion: "v1", kind: "Pod", namespace, name: pod.name, uid: pod.uid },
      reportingController: controller,
      reportingInstance: cut(instance, LONGEST_INSTANCE),
    };
    const response = await client.request({ method: "POST", path, body, signal });
    // Another replica was asked by the same Pod, and said it before.
    if (response.ok || response.code === 409) return undefined;
    return `${response.code} ${response.message}`;
  };
}

/** In bytes. */
const LONGEST_NOTE = 1024;
const LONGEST_INSTANCE = 128;
/** A name of 253 characters, without the hash and the dot before it. */
const LONGEST_POD_NAME = 236;

function nameOf({ pod, occasion }: PodEvent): string {
  const hash = new Bun.CryptoHasher("sha256").update(`${pod.uid}\0${occasion}`).digest("hex").slice(0, 16);
  return `${pod.name.slice(0, LONGEST_POD_NAME).replace(/[-.]+$/, "")}.${hash}`;
}

/** MicroTime has six digits behind the seconds, no more and no less. */
function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}

function cut(text: string, longest: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= longest) return text;
  // A character that is cut through is none; `…` takes three bytes.
  const whole = bytes
    .subarray(0, longest - 3)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
  return `${whole}…`;
}
