/**
 * The Pod that asks, as the API server has it when its container starts: what a real webhook of ours made of a Pod of
 * a StatefulSet, and what the scheduler and the kubelet have added. Source: Kubernetes API reference, Pod v1 core.
 */
import { applyPatch } from "rfc6902";
import { decodePatch, verifyResponse } from "../../test/fakes/kubernetes/admission-review.ts";
import { reviewOf, SCENARIOS, SERIAL } from "../admission/review.ts";
import type { Server } from "../server.ts";

/** Stands wherever Pods have secrets of their own; the backend writes the secret's number over it. */
export const SECRET_NUMBER = "111111111111";
export const SECRET = `shop/checkout-${SECRET_NUMBER}`;

const IMAGE = "registry.example.com/shop/checkout:4.18.2";

interface StoredPod {
  readonly metadata: { readonly managedFields: readonly object[] };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
}

/** What an injector needs to know of it. */
export interface AdmittedPod {
  /** Its JSON, SERIAL and SECRET_NUMBER in place. */
  readonly json: string;
  readonly uid: string;
  readonly argv: readonly string[];
}

/** Sends the Pod through admission by a server. @throws Error when it is not admitted and changed */
export async function admit({ address }: Server, ca: string): Promise<AdmittedPod> {
  const scenario = SCENARIOS.find(({ name }) => name === "command given");
  if (scenario === undefined) throw new Error("no scenario with a command");
  const review = reviewOf(scenario, IMAGE).replaceAll(`"shop/checkout"`, `"${SECRET}"`);
  const answer = await fetch(`https://${address}/mutate?timeout=10s`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: review,
    tls: { ca },
  });
  const { uid, object } = JSON.parse(review).request;
  const response = verifyResponse(await answer.json(), uid);
  const faults = applyPatch(object, [...decodePatch(response)]).filter((fault) => fault !== null);
  if (faults[0]) throw faults[0];
  const [, containerUid] = /"PIGGY_UID","value":"([0-9a-f]{32})"/.exec(JSON.stringify(object)) ?? [];
  if (containerUid === undefined) throw new Error("the Pod was admitted unchanged");
  const { command = [] } = scenario;
  const { args } = JSON.parse(review).request.object.spec.containers[0];
  return { json: JSON.stringify(scheduled(object)), uid: containerUid, argv: [...command, ...args] };
}

const NODE = "ip-10-0-12-34.eu-west-1.compute.internal";
const NOW = "2026-11-20T09:30:12Z";

function scheduled(pod: StoredPod): object {
  return {
    ...pod,
    metadata: {
      resourceVersion: "84213377",
      // Of what the API server writes of a Pod's metadata, managedFields come last.
      ...pod.metadata,
      managedFields: [...pod.metadata.managedFields, kubeletFields()],
    },
    spec: { ...pod.spec, nodeName: NODE },
    status: {
      phase: "Pending",
      observedGeneration: 1,
      conditions: [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
      ].map((type) => ({
        type,
        status: "True",
        observedGeneration: 1,
        lastProbeTime: null,
        lastTransitionTime: NOW,
      })),
      hostIP: "10.0.12.34",
      hostIPs: [{ ip: "10.0.12.34" }],
      podIP: "10.0.14.201",
      podIPs: [{ ip: "10.0.14.201" }],
      startTime: NOW,
      containerStatuses: pod.spec.containers.map(({ name, image }) => ({
        name,
        image,
        imageID: "",
        ready: false,
        restartCount: 0,
        started: false,
        state: { waiting: { reason: "PodInitializing" } },
        lastState: {},
      })),
      qosClass: "Burstable",
    },
  };
}

function kubeletFields(): object {
  const condition = (type: string) => ({
    [`k:{"type":"${type}"}`]: {
      ".": {},
      "f:lastProbeTime": {},
      "f:lastTransitionTime": {},
      "f:observedGeneration": {},
      "f:status": {},
      "f:type": {},
    },
  });
  return {
    manager: "kubelet",
    operation: "Update",
    apiVersion: "v1",
    time: NOW,
    fieldsType: "FieldsV1",
    subresource: "status",
    fieldsV1: {
      "f:status": {
        "f:conditions": {
          ...condition("ContainersReady"),
          ...condition("Initialized"),
          ...condition("PodReadyToStartContainers"),
          ...condition("Ready"),
        },
        "f:containerStatuses": {},
        "f:hostIP": {},
        "f:hostIPs": {},
        "f:podIP": {},
        "f:podIPs": { ".": {}, 'k:{"ip":"10.0.14.201"}': { ".": {}, "f:ip": {} } },
        "f:startTime": {},
      },
    },
  };
}

/** A copy of a text with a Pod's own serial number in it. */
export function withSerial(text: string, serial: string): string {
  return text.replaceAll(SERIAL, serial);
}
