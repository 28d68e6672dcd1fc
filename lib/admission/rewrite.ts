/** A Pod as it came, and the decisions about it, to the edits that make it the Pod as it should be. Pure. */

import { isJsonObject, type JsonObject, type JsonValue, objectOf, own } from "../json.ts";
import type { Container, Pod } from "../pod.ts";
import { annotationName, type Settings } from "../settings.ts";
import { argvSignature } from "../signature.ts";
import { isOwnVariable } from "../variables.ts";
import { variableOf } from "../wrapped-container.ts";
import { unwrappedCommand, wrap } from "./argv.ts";
import { bringTo } from "./bring-to.ts";
import type { Decision } from "./decide.ts";
import {
  emptyVolume,
  INJECTOR_VOLUME,
  INSTALL_CONTAINER,
  imageVolume,
  injectorMount,
} from "./delivery/injector-volume.ts";
import { installContainer } from "./delivery/install-container.ts";
import type { Delivery } from "./delivery.ts";
import { type Edit, type Edited, editOf } from "./json-patch.ts";
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
export function rewritePod(rewriting: Rewriting): Edit {
  const { pod, decisions } = rewriting;
  refuseTakenNames(pod);
  for (const { container, action } of decisions) {
    if (action === "wrap") refuseTakenPaths(container, pod, hasOwnToken(rewriting.plan));
  }
  const uids = assignUids(decisions, rewriting.newUid);
  const byContainer = new Map(decisions.map((decision) => [decision.container, decision]));
  const rewrite = (container: Container): Edited => {
    const decision = byContainer.get(container);
    const uid = uids.get(container);
    if (decision === undefined || decision.action === "leave") return container.json;
    return uid === undefined ? unwrapContainer(decision) : wrapContainer(decision, uid, rewriting);
  };
  const isUsed = uids.size > 0;
  const spec = objectOf(pod.json["spec"]);
  return editOf(pod.json, {
    metadata: withSignatures(pod, decisions, uids),
    spec: editOf(spec, {
      volumes: listOf(spec["volumes"], volumes(rewriting, isUsed)),
      initContainers: listOf(spec["initContainers"], initContainers(rewriting, rewrite, isUsed)),
      containers: listOf(spec["containers"], pod.containers.map(rewrite)),
    }),
  });
}

/** A list that has nothing in it goes, as if it had never been needed; one that came empty stays so. */
function listOf(before: JsonValue | undefined, list: readonly Edited[]): Edited | undefined {
  if (list.length > 0) return list;
  return Array.isArray(before) && before.length > 0 ? undefined : before;
}

/** The uid of each container to be wrapped: the one it has, or a new one where that is none or is not its alone. */
function assignUids(decisions: readonly Decision[], newUid: () => string): ReadonlyMap<Container, string> {
  const uids = new Map<Container, string>();
  const used = new Set<string>();
  for (const { container, action } of decisions) {
    if (action !== "wrap") continue;
    const present = variableOf(container, "PIGGY_UID") ?? "";
    const uid = /^[0-9a-f]{32}$/.test(present) && !used.has(present) ? present : newUid();
    used.add(uid);
    uids.set(container, uid);
  }
  return uids;
}

const SIGNATURES = annotationName("piggy-uid");

function withSignatures(
  { json }: Pod,
  decisions: readonly Decision[],
  uids: ReadonlyMap<Container, string>,
): Edited | undefined {
  const signatures = uids.size > 0 ? signaturesOf(decisions, uids) : undefined;
  const metadata = own(json, "metadata");
  const before = isJsonObject(metadata) ? own(metadata, "annotations") : undefined;
  if (!isJsonObject(before) && signatures === undefined) return metadata;
  return editOf(metadata, { annotations: editOf(before, { [SIGNATURES]: signatures }) });
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
  rewrite: (container: Container) => Edited,
  isUsed: boolean,
): readonly Edited[] {
  const others = pod.initContainers.filter(({ name }) => name !== INSTALL_CONTAINER).map(rewrite);
  if (!isUsed || deliverBy === "image") return others;
  return [installContainer(pod, plan, settings), ...others];
}

const INJECTOR_MOUNT = [injectorMount];
const BOTH_MOUNTS = [injectorMount, tokenMount];

function wrapContainer(decision: Decision, uid: string, rewriting: Rewriting): Edit {
  const { container, argv, wrapping } = decision;
  const mounts = hasOwnToken(rewriting.plan) ? BOTH_MOUNTS : INJECTOR_MOUNT;
  return editOf(container.json, {
    ...wrap(argv, wrapping),
    env: wrappedEnvironment(decision, uid, rewriting),
    volumeMounts: bringTo(container.volumeMounts, mounts, isOwnVolume),
  });
}

function jsonOf(parts: readonly { readonly json: JsonObject }[]): readonly JsonObject[] {
  return parts.map((part) => part.json);
}

function unwrapContainer({ container, argv, wrapping }: Decision): Edit {
  const isOwn = ({ name }: JsonObject) => typeof name === "string" && isOwnVariable(name);
  return editOf(container.json, {
    ...(wrapping !== undefined && {
      command: [...[...wrapping.command, ...wrapping.argsBefore].slice(0, -1), ...unwrappedCommand(argv)],
      args: undefined,
    }),
    env: bringTo(jsonOf(container.env), [], isOwn),
    volumeMounts: bringTo(container.volumeMounts, [], isOwnVolume),
  });
}
