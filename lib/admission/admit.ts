/** Admission: a request in, an outcome out. */
import { type Deadline, endable } from "../deadline.ts";
import { type Pod, parsePod } from "../pod.ts";
import { oneLine } from "../quotation.ts";
import { readSettings } from "../read-settings.ts";
import type { Settings } from "../settings.ts";
import { createTurns, type Turns } from "../turns.ts";
import { annotationsOf } from "./annotations.ts";
import { type Audit, auditOf } from "./audit.ts";
import { type Decision, decideAll } from "./decide.ts";
import { denialBy } from "./denial.ts";
import { readOnce } from "./environment/objects.ts";
import { updateWarnings } from "./ephemeral.ts";
import type { Operation } from "./json-patch.ts";
import { isLookedAt, isMirrorPod } from "./looked-at.ts";
import { patchFor } from "./pod-patch.ts";
import type { AdmissionOutcome, AdmissionRequest } from "./review.ts";
import { unknownContainers } from "./selection.ts";
import { execWarnings } from "./warnings/exec-commands.ts";
import { ineffectiveAnnotations, unheardAnnotations } from "./warnings/ineffective-annotations.ts";
import { subPathWarnings } from "./warnings/sub-paths.ts";
import { unknownAnnotations } from "./warnings/unknown-annotations.ts";
import { formatWarnings } from "./warnings.ts";
import type { AdmissionWorld } from "./world.ts";

export const ALLOWED: AdmissionOutcome = { allowed: true };

/**
 * Decides about a request. Never throws: a Pod that cannot be given what it asks for is denied in words. Look-ups
 * end with the deadline.
 */
export async function admit(
  request: AdmissionRequest,
  world: AdmissionWorld,
  deadline: Deadline,
): Promise<AdmissionOutcome> {
  if (request.kind !== "core/Pod") return ALLOWED;
  if (request.operation === "UPDATE") return outcome([], await updateWarnings(request, world, deadline));
  if (request.operation !== "CREATE" || request.subResource !== "") return ALLOWED;
  try {
    return await admitPod(request, world, deadline);
  } catch (error) {
    return denialBy(error, request, world.log);
  }
}

async function admitPod(
  request: AdmissionRequest,
  world: AdmissionWorld,
  deadline: Deadline,
): Promise<AdmissionOutcome> {
  const annotations = annotationsOf(request.object);
  const reading = readSettings({ annotations, environment: world.webhook.environment });
  const { settings, given } = reading;
  // A misspelt name may be why a Pod is not looked at.
  const warnings = [...reading.warnings, ...unknownAnnotations(annotations)];
  // Before the Pod is read: what is wrong with one that asks nothing of us is the API server's to say.
  if (!isLookedAt(given)) return outcome([], [...warnings, ...unheardAnnotations(annotations)]);
  const pod = parsePod(request.object);
  if (isMirrorPod(pod)) {
    return outcome([], ["a static Pod's mirror is left alone: the kubelet has started it already"]);
  }
  const namespace = request.namespace || pod.namespace || "default";
  const deciding = decideInTime(pod, settings, { namespace, world, deadline });
  // Most are decided already, and a Pod that waits for nothing is answered sooner.
  const decisions = deciding instanceof Promise ? await deciding : deciding;
  const told = [...warnings, ...warningsAbout(pod, settings, decisions)];
  const audit = auditOf(decisions);
  if (decisions.every(({ action }) => action === "leave")) return outcome([], told, audit);
  const patch = patchFor({ pod, namespace, settings, decisions }, world);
  world.log("info", "admitted", {
    request: request.uid,
    namespace,
    pod: oneLine(pod.name ?? `${pod.generateName ?? ""}*`, LONGEST_NAME),
    mode: patch.mode,
    delivery: patch.delivery,
    containers: namesOf(decisions).map((name) => oneLine(name, LONGEST_NAME)),
    operations: patch.operations.length,
  });
  return outcome(patch.operations, [...told, ...patch.warnings], audit);
}

/** Of an object. A longer one is the API server's to refuse, after us. */
const LONGEST_NAME = 253;

/** What whoever wrote the Pod may not have meant, or will not get. */
function warningsAbout(pod: Pod, settings: Settings, decisions: readonly Decision[]): readonly string[] {
  const sentences = [
    ...ineffectiveAnnotations(pod.annotations, settings),
    ...unknownContainers(pod, settings),
  ];
  for (const { warnings } of decisions) sentences.push(...warnings);
  for (const { container, environment } of decisions) {
    const { holders } = environment;
    sentences.push(...execWarnings(container, holders), ...subPathWarnings(container, holders));
  }
  return sentences;
}

/** As many containers as an ordinary Pod has. */
const IMAGES_SIDE_BY_SIDE = 16;

interface Circumstances {
  readonly namespace: string;
  readonly world: AdmissionWorld;
  readonly deadline: Deadline;
}

function decideInTime(
  pod: Pod,
  settings: Settings,
  { namespace, world, deadline }: Circumstances,
): Promise<readonly Decision[]> | readonly Decision[] {
  const until = endable(deadline);
  // Made for the Pods that have something to look up, which most have not.
  let read: ReturnType<typeof readOnce> | undefined;
  let turn: Turns | undefined;
  const decisions = decideAll(pod, settings, {
    object(object) {
      read ??= readOnce(world.readObject, namespace, until);
      return read(object);
    },
    image(container) {
      turn ??= createTurns(IMAGES_SIDE_BY_SIDE);
      return turn(() => world.readImageCommand({ container, pod, namespace, settings, deadline: until }));
    },
  });
  // When one look-up has denied the Pod, nobody waits for the others.
  return decisions instanceof Promise ? decisions.finally(until.end) : decisions;
}

function outcome(
  patch: readonly Operation[],
  warnings: readonly string[],
  audit: Audit = {},
): AdmissionOutcome {
  return { allowed: true, patch, warnings: formatWarnings(warnings), audit };
}

function namesOf(decisions: readonly Decision[]): readonly string[] {
  return decisions.flatMap(({ action, container }) => (action === "leave" ? [] : [container.name]));
}
