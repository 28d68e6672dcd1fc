/** A Pod as it came, and the decisions about it, to the Pod as it should be. Pure; what is not ours is shared. */

import { isJsonObject, type JsonObject } from "../json.ts";
import type { Container, Pod } from "../pod.ts";
import { annotationName, type Settings } from "../settings.ts";
import { argvSignature } from "../signature.ts";
import { isOwnVariable } from "../variables.ts";
import { unwrappedCommand, wrap } from "./argv.ts";
import { bringTo } from "./bring-to.ts";
import type { Decision } from "./decide.ts";
import type { Delivery } from "./delivery.ts";
import {
  emptyVolume,
  INJECTOR_VOLUME,
  INSTALL_CONTAINER,
  imageVolume,
  injectorMount,
} from "./injector-volume.ts";
import { installContainer } from "./install-container.ts";
import { hasOwnToken, type Plan } from "./plan.ts";
import { refuseTakenNames, refuseTakenPaths } from "./taken.ts";
import { TOKEN_VOLUME, tokenMount, tokenVolume } from "./token-volume.ts";
import { wrappedEnvironment } from "./wrapped-environment.ts";

const OWN_VOLUMES: ReadonlySet<unknown> = new Set([INJECTOR_VOLUME, TOKEN_VOLUME]);

export interface Rewriting {
  readonly pod: Pod;
  readonly settings: Settings;
  readonly plan: Plan;
  readonly deliverBy: Delivery["by"];
  readonly decisions: readonly Decision[];
  /** Makes a fresh 32-digit hex id. */
  readonly newUid: () => string;
}

/**
 * @throws PiggyError `name_taken` when a volume or container of the Pod's own has a name that we need, `path_taken`
 * when a volume is mounted where ours have to be, `reference_embedded`
 */
export function rewritePod(rewriting: Rewriting): JsonObject {
  const { pod, decisions } = rewriting;
  refuseTakenNames(pod);
  for (const { container, action } of decisions) {
    if (action === "wrap") refuseTakenPaths(container, pod, hasOwnToken(rewriting.plan));
  }
  const uids = assignUids(decisions, rewriting.newUid);
  const byContainer = new Map(decisions.map((decision) => [decision.container, decision]));
  const rewrite = (container: Container): JsonObject => {
    const decision = byContainer.get(container);
    const uid = uids.get(container);
    if (decision === undefined || decision.action === "leave") return container.json;
    return uid === undefined ? unwrapContainer(decision) : wrapContainer(decision, uid, rewriting);
  };
  const isUsed = uids.size > 0;
  const spec = isJsonObject(pod.json["spec"]) ? pod.json["spec"] : {};
  return {
    ...pod.json,
    metadata: withSignatures(pod, decisions, uids),
    spec: {
      ...spec,
      ...listField("volumes", spec, volumes(rewriting, isUsed)),
      ...listField("initContainers", spec, initContainers(rewriting, rewrite, isUsed)),
      ...listField("containers", spec, pod.containers.map(rewrite)),
    },
  };
}

/** A list that has nothing in it goes, as if it had never been needed; one that came empty stays so. */
function listField(field: string, parent: JsonObject, list: readonly JsonObject[]): JsonObject {
  if (list.length > 0) return { [field]: list };
  const before = parent[field];
  return Array.isArray(before) && before.length > 0 ? { [field]: undefined } : {};
}

/** The uid of each container to be wrapped: the one it has, or a new one where that is none or is not its alone. */
function assignUids(decisions: readonly Decision[], newUid: () => string): ReadonlyMap<Container, string> {
  const uids = new Map<Container, string>();
  const used = new Set<string>();
  for (const { container, action } of decisions) {
    if (action !== "wrap") continue;
    const present = container.env.findLast((variable) => variable.name === "PIGGY_UID")?.value ?? "";
    const uid = /^[0-9a-f]{32}$/.test(present) && !used.has(present) ? present : newUid();
    used.add(uid);
    uids.set(container, uid);
  }
  return uids;
}

const SIGNATURES = annotationName("piggy-uid");

function withSignatures(pod: Pod, decisions: readonly Decision[], uids: ReadonlyMap<Container, string>) {
  const metadata = isJsonObject(pod.json["metadata"]) ? pod.json["metadata"] : {};
  if (uids.size > 0) {
    const annotations = { ...pod.annotations, [SIGNATURES]: signaturesOf(decisions, uids) };
    return { ...metadata, annotations };
  }
  if (pod.annotations[SIGNATURES] === undefined) return metadata;
  const { [SIGNATURES]: _, ...others } = pod.annotations;
  return { ...metadata, annotations: others };
}

/** A JSON object by uid; nothing in it is to be escaped, and an object of ever new names would cost more than that. */
function signaturesOf(decisions: readonly Decision[], uids: ReadonlyMap<Container, string>): string {
  const members: string[] = [];
  for (const { container, argv } of decisions) {
    const uid = uids.get(container);
    if (uid !== undefined) members.push(`"${uid}":"${argvSignature(argv.map(({ text }) => text))}"`);
  }
  return `{${members.join()}}`;
}

const isOwnVolume = (entry: JsonObject) => OWN_VOLUMES.has(entry["name"]);

function volumes({ pod, plan, settings, deliverBy }: Rewriting, isUsed: boolean): readonly JsonObject[] {
  const injectorVolume =
    deliverBy === "image" ? imageVolume(plan.injector.image, pod.volumes, settings) : emptyVolume;
  const wanted = isUsed ? [injectorVolume, ...(hasOwnToken(plan) ? [tokenVolume] : [])] : [];
  return bringTo(pod.volumes, wanted, isOwnVolume);
}

function initContainers(
  { pod, plan, settings, deliverBy }: Rewriting,
  rewrite: (container: Container) => JsonObject,
  isUsed: boolean,
): readonly JsonObject[] {
  const others = pod.initContainers.filter(({ name }) => name !== INSTALL_CONTAINER).map(rewrite);
  if (!isUsed || deliverBy === "image") return others;
  return [installContainer(pod, plan, settings), ...others];
}

const INJECTOR_MOUNT = [injectorMount];
const BOTH_MOUNTS = [injectorMount, tokenMount];

function wrapContainer(decision: Decision, uid: string, rewriting: Rewriting): JsonObject {
  const { container, argv, wrapping } = decision;
  const mounts = hasOwnToken(rewriting.plan) ? BOTH_MOUNTS : INJECTOR_MOUNT;
  return {
    ...container.json,
    ...wrap(argv, wrapping),
    env: wrappedEnvironment(decision, uid, rewriting),
    volumeMounts: bringTo(container.volumeMounts, mounts, isOwnVolume),
  };
}

function jsonOf(parts: readonly { readonly json: JsonObject }[]): readonly JsonObject[] {
  return parts.map((part) => part.json);
}

function unwrapContainer({ container, argv, wrapping }: Decision): JsonObject {
  const isOwn = ({ name }: JsonObject) => typeof name === "string" && isOwnVariable(name);
  const before = [...(wrapping?.command ?? []), ...(wrapping?.argsBefore ?? [])].slice(0, -1);
  const { args: _, ...rest } = container.json;
  return {
    ...rest,
    command: [...before, ...unwrappedCommand(argv)],
    env: bringTo(jsonOf(container.env), [], isOwn),
    volumeMounts: bringTo(container.volumeMounts, [], isOwnVolume),
  };
}
