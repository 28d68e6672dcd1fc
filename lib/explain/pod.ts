/** A Pod of a manifest through admission, and the account of it. The decision is `admit`'s, as for POST /mutate. */
import { admit } from "../admission/admit.ts";
import { annotationsOf } from "../admission/annotations.ts";
import { isInstallContainer } from "../admission/delivery/injector-volume.ts";
import { diff, type Operation } from "../admission/json-patch.ts";
import { isLookedAt, isMirrorPod, LOOKED_AT_FOR } from "../admission/looked-at.ts";
import type { AdmissionOutcome } from "../admission/review.ts";
import type { Webhook } from "../admission/webhook.ts";
import type { AdmissionWorld } from "../admission/world.ts";
import { type Deadline, deadlineIn } from "../deadline.ts";
import type { JsonObject } from "../json.ts";
import { type Container, type Pod, parsePod } from "../pod.ts";
import { readSettings, type SettingsReading } from "../read-settings.ts";
import { annotationName } from "../settings.ts";
import { applyPatch } from "./apply-patch.ts";
import { type ContainerAccount, explainContainer } from "./container.ts";
import type { PodManifest } from "./manifests.ts";
import { withPlaceholders } from "./placeholders.ts";
import { type Asked, askFor, keyOf, NOT_LOOKED_UP, type Sources } from "./sources.ts";
import { unknownsOf } from "./unknowns.ts";

export interface Explanation {
  readonly source: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly allowed: boolean;
  /** Why not, in the words of POST /mutate; null where it is allowed. */
  readonly message: string | null;
  readonly warnings: readonly string[];
  readonly patch: readonly Operation[];
  /** As it would be stored; where it is denied, as it came. */
  readonly pod: JsonObject;
  readonly containers: readonly ContainerAccount[];
  /** What could not be known, and what it was taken for. */
  readonly unknown: readonly string[];
  /** What a reader may wonder about. */
  readonly notes: readonly string[];
}

export interface PodExplanation extends Explanation {
  readonly before: JsonObject;
}

/** The longest that an API server waits for a webhook. */
const ANSWER_MS = 30_000;

export async function explainPod(
  manifest: PodManifest,
  webhook: Webhook,
  sources: Sources,
): Promise<PodExplanation> {
  const { source, kind, namespace, name, pod: before } = manifest;
  const asked = askFor(sources);
  const deadline = deadlineIn(ANSWER_MS);
  const reading = readSettings({ annotations: annotationsOf(before), environment: webhook.environment });
  const outcome = await decide(manifest, asked, webhook, deadline);
  const after = outcome.allowed ? applyPatch(before, outcome.patch ?? []) : before;
  const accounts = await explainContainers(manifest, after, outcome, { asked, reading, deadline });
  const shown = withPlaceholders(after, accounts);
  return {
    source,
    kind,
    namespace,
    name,
    allowed: outcome.allowed,
    message: outcome.status?.message ?? null,
    warnings: outcome.warnings ?? [],
    patch: diff(before, shown),
    pod: shown,
    containers: accounts,
    unknown: unknownsOf(manifest, accounts, asked, {
      sources,
      delivery: reading.settings["piggy-delivery"],
    }),
    notes: notesOf(manifest, reading, outcome),
    before,
  };
}

function decide(
  { namespace, name, pod }: PodManifest,
  asked: Asked,
  webhook: Webhook,
  deadline: Deadline,
): Promise<AdmissionOutcome> {
  const request = {
    uid: name,
    kind: "core/Pod",
    operation: "CREATE",
    subResource: "",
    namespace,
    object: pod,
    oldObject: null,
  };
  const world: AdmissionWorld = { ...asked, webhook, newUid: numbered(), log() {} };
  return admit(request, world, deadline);
}

/** In the place of random ids, so that two runs say the same. */
function numbered(): () => string {
  let last = 0;
  return () => {
    last += 1;
    return String(last).padStart(32, "0");
  };
}

interface Circumstances {
  readonly asked: Asked;
  readonly reading: SettingsReading;
  readonly deadline: Deadline;
}

/** One account for each container but our own; none where the Pod cannot be read. */
async function explainContainers(
  manifest: PodManifest,
  afterJson: JsonObject,
  { allowed }: AdmissionOutcome,
  { asked, reading: { settings, given }, deadline }: Circumstances,
) {
  const pod = readable(manifest.pod);
  const afterPod = readable(afterJson);
  if (pod === undefined || afterPod === undefined) return [];
  const looked = isLookedAt(given) && !isMirrorPod(pod);
  const stored = [...afterPod.initContainers, ...afterPod.containers];
  const explain = (kind: ContainerAccount["kind"]) => (container: Container) =>
    explainContainer({
      container,
      kind,
      pod,
      settings,
      isLookedAt: looked,
      after: allowed ? stored.find(({ name }) => name === container.name) : undefined,
      objects: asked.objects,
      images: asked.images,
      read: (object) => {
        const known = asked.objects.get(keyOf(object));
        if (known !== undefined) return Promise.resolve(known.content);
        // Nobody asks for the objects of a Pod that asks nothing of us.
        if (!looked) return Promise.resolve(NOT_LOOKED_UP);
        return asked.readObject(manifest.namespace, object, deadline.signal);
      },
    });
  const own = pod.initContainers.filter((container) => !isInstallContainer(container));
  return Promise.all([...own.map(explain("init container")), ...pod.containers.map(explain("container"))]);
}

function readable(json: JsonObject): Pod | undefined {
  try {
    return parsePod(json);
  } catch {
    // What is wrong with it stands in the denial, or is the API server's to say.
    return undefined;
  }
}

function notesOf(
  { kind, byShape }: PodManifest,
  { given }: SettingsReading,
  { allowed }: AdmissionOutcome,
): readonly string[] {
  const asking = LOOKED_AT_FOR.map(annotationName);
  return [
    ...(byShape === undefined
      ? []
      : [`${kind} is no kind of Kubernetes' own: its Pod is read from ${byShape}, by its shape`]),
    ...(isLookedAt(given) || !allowed
      ? []
      : [`the Pod is not looked at: it has none of the annotations ${asking.join(", ")}`]),
  ];
}
