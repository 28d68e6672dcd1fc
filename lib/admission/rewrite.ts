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
import { type CountWritten, countWritten } from "./written.ts";

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
 * when a volume is mounted where ours have to be, `reference_embedded`, `injection_impossible`
 */
export function rewritePod(rewriting: Rewriting): Edit {
  const { pod, decisions } = rewriting;
  refuseTakenNames(pod);
  for (const { container, action } of decisions) {
    if (action === "wrap") refuseTakenPaths(container, pod, hasOwnToken(rewriting.plan));
  }
  const changes = changesOf(decisions, rewriting.newUid);
  const count = countWritten();
  const rewrite = (container: Container): Edited => {
    const change = changes.get(container);
    if (change === undefined) return container.json;
    const { decision, uid } = change;
    return uid === undefined ? unwrapContainer(decision) : wrapContainer(decision, uid, rewriting, count);
  };
  const isUsed = decisions.some(({ action }) => action === "wrap");
  const before = objectOf(pod.json["spec"]);
  // First, for it ends where there is too much: signatures take longer than all else.
  const spec = editOf(before, {
    volumes: listOf(before["volumes"], volumes(rewriting, isUsed)),
    initContainers: listOf(before["initContainers"], initContainers(rewriting, rewrite, isUsed)),
    containers: listOf(before["containers"], pod.containers.map(rewrite)),
  });
  return editOf(pod.json, { metadata: withSignatures(pod, changes), spec });
}

/** A list that has nothing in it goes, as if it had never been needed; one that came empty stays so. */
function listOf(before: JsonValue | undefined, list: readonly Edited[]): Edited | undefined {
  if (list.length > 0) return list;
  return Array.isArray(before) && before.length > 0 ? undefined : before;
}

/** What becomes of a container. */
interface Change {
  readonly decision: Decision;
  /** Of one that is wrapped: its own, or a new one where it has none or that is not its alone. */
  readonly uid: string | undefined;
}

type Changes = ReadonlyMap<Container, Change>;

/** Of the containers that do not stay as they are, in the order of the decisions. */
function changesOf(decisions: readonly Decision[], newUid: () => string): Changes {
  const changes = new Map<Container, Change>();
  const kept = new Set<string>();
  const uidOf = (container: Container) => {
    const present = variableOf(container, "PIGGY_UID");
    if (present === undefined || !/^[0-9a-f]{32}$/.test(present) || kept.has(present)) return newUid();
    kept.add(present);
    return present;
  };
  for (const decision of decisions) {
    const { container, action } = decision;
    if (action === "wrap") changes.set(container, { decision, uid: uidOf(container) });
    else if (action === "unwrap") changes.set(container, { decision, uid: undefined });
  }
  return changes;
}

const SIGNATURES = annotationName("piggy-uid");

function withSignatures({ json }: Pod, changes: Changes): Edited | undefined {
  const signatures = signaturesOf(changes);
  const metadata = own(json, "metadata");
  const before = isJsonObject(metadata) ? own(metadata, "annotations") : undefined;
  if (!isJsonObject(before) && signatures === undefined) return metadata;
  return editOf(metadata, { annotations: editOf(before, { [SIGNATURES]: signatures }) });
}

/**
 * A JSON object by uid, if any container is wrapped; nothing in it is to be escaped, and an object of ever new names
 * would cost more than that.
 */
function signaturesOf(changes: Changes): string | undefined {
  const members: string[] = [];
  for (const { uid, decision } of changes.values()) {
    if (uid === undefined) continue;
    members.push(`"${uid}":"${argvSignature(decision.argv.map(({ text }) => text))}"`);
  }
  return members.length === 0 ? undefined : `{${members.join()}}`;
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

function wrapContainer(decision: Decision, uid: string, rewriting: Rewriting, count: CountWritten): Edit {
  const { container, argv, wrapping } = decision;
  const { command, args } = wrap(argv, wrapping);
  const env = wrappedEnvironment(decision, uid, rewriting);
  count(container, { args, env });
  const mounts = hasOwnToken(rewriting.plan) ? BOTH_MOUNTS : INJECTOR_MOUNT;
  return editOf(container.json, {
    command,
    args,
    env,
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
