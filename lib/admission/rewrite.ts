/** A Pod as it came, and the decisions about it, to the Pod as it should be. Pure; what is not ours is shared. */

import { containerVariable } from "../container-variable.ts";
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { Container, EnvVar, Pod } from "../pod.ts";
import { annotationName, type Settings } from "../settings.ts";
import { argvSignature } from "../signature.ts";
import { isOwnVariable } from "../variables.ts";
import { expandVariable, unwrappedCommand, wrap } from "./argv.ts";
import type { Decision } from "./decide.ts";
import type { Delivery } from "./delivery.ts";
import type { ContainerEnvironment } from "./environment.ts";
import {
  emptyVolume,
  INJECTOR_VOLUME,
  INSTALL_CONTAINER,
  imageVolume,
  injectorMount,
  isInstallContainer,
} from "./injector-volume.ts";
import { installContainer } from "./install-container.ts";
import { hasOwnToken, type Plan } from "./plan.ts";
import { isServiceVariable } from "./service-variable.ts";
import { TOKEN_VOLUME, tokenMount, tokenVolume } from "./token-volume.ts";

/** What only tells the injector how to go about it: a manifest's own value stays where no setting replaces it. */
const TUNING: ReadonlySet<string> = new Set(
  (
    [
      "debug",
      "piggy-ignore-no-env",
      "piggy-dns-resolver",
      "piggy-initial-delay",
      "piggy-number-of-retry",
      "piggy-deadline",
      "aws-region",
    ] as const
  ).map(containerVariable),
);

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
 * @throws PiggyError `name_taken` when a volume or container of the Pod's own has a name that we need.
 */
export function rewritePod(rewriting: Rewriting): JsonObject {
  const { pod, decisions } = rewriting;
  refuseTakenNames(pod);
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

function refuseTakenNames({ volumes, initContainers, containers }: Pod): void {
  for (const volume of volumes) {
    const isInjector = volume["name"] === INJECTOR_VOLUME && !volume["emptyDir"] && !volume["image"];
    if (isInjector || (volume["name"] === TOKEN_VOLUME && !volume["projected"])) {
      throw taken("volume", volume["name"]);
    }
  }
  const others = [...initContainers.filter((container) => !isInstallContainer(container)), ...containers];
  if (others.some(({ name }) => name === INSTALL_CONTAINER)) throw taken("container", INSTALL_CONTAINER);
}

function taken(what: string, name: unknown): PiggyError {
  return new PiggyError(
    "name_taken",
    `the Pod has a ${what} of its own called ${name}, a name that piggy-webhooks needs: rename it`,
  );
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

/**
 * Brings the entries of a list that are ours to what they should be, each where it stands; what is not wanted any
 * more goes, what is not there yet comes last. Other entries stay as they are.
 */
function bringTo(
  list: readonly JsonObject[],
  wanted: readonly JsonObject[],
  isOurs: (entry: JsonObject) => boolean,
): readonly JsonObject[] {
  // Nearly always nothing is there yet.
  if (!list.some(isOurs)) return wanted.length === 0 ? list : [...list, ...wanted];
  const missing = new Map(wanted.map((entry) => [entry["name"], entry]));
  const brought = list.flatMap((entry): readonly JsonObject[] => {
    if (!isOurs(entry)) return [entry];
    const replacement = missing.get(entry["name"]);
    missing.delete(entry["name"]);
    return replacement === undefined ? [] : [replacement];
  });
  return [...brought, ...missing.values()];
}

const isOwnVolume = (entry: JsonObject) => OWN_VOLUMES.has(entry["name"]);

function volumes({ pod, plan, settings, deliverBy }: Rewriting, isUsed: boolean): readonly JsonObject[] {
  const injectorVolume =
    deliverBy === "image"
      ? imageVolume(plan.injector.image, settings["piggy-env-image-pull-policy"])
      : emptyVolume;
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

function wrapContainer(decision: Decision, uid: string, { pod, plan }: Rewriting): JsonObject {
  const { container, argv, environment } = decision;
  const mayBeSet = environment.unseen.length > 0;
  const expand = expandVariable(
    argv,
    (name) =>
      !isOwnVariable(name) &&
      (environment.names.has(name) || mayBeSet || isServiceVariable(name, pod.serviceLinks)),
  );
  const variables: JsonObject[] = [];
  for (const [name, value] of plan.variables) variables.push({ name, value });
  if (plan.mode === "proxy") variables.push(POD_NAME);
  variables.push({ name: "PIGGY_UID", value: uid }, ...terminationLog(container));
  if (expand !== undefined) variables.push({ name: "PIGGY_EXPAND", value: expand });
  const isOurs = ({ name }: JsonObject) =>
    typeof name === "string" &&
    isOwnVariable(name) &&
    (!TUNING.has(name) || variables.some((variable) => variable["name"] === name));
  return {
    ...container.json,
    ...wrap(argv, decision.wrapping),
    env: bringTo(
      container.env.map((variable) => withInlined(variable, environment)),
      variables,
      isOurs,
    ),
    volumeMounts: bringTo(
      container.volumeMounts,
      hasOwnToken(plan) ? BOTH_MOUNTS : INJECTOR_MOUNT,
      isOwnVolume,
    ),
  };
}

function withInlined(variable: EnvVar, { inlined }: ContainerEnvironment): JsonObject {
  const value = inlined.get(variable);
  return value === undefined ? variable.json : { ...variable.json, value };
}

const DEFAULT_TERMINATION_LOG = "/dev/termination-log";

/** Told only where it is not what the injector tries by itself. */
function terminationLog({ json }: Container): readonly JsonObject[] {
  const path = json["terminationMessagePath"];
  const isOwn = typeof path === "string" && path !== "" && path !== DEFAULT_TERMINATION_LOG;
  return isOwn ? [{ name: "PIGGY_TERMINATION_LOG", value: path }] : [];
}

const INJECTOR_MOUNT = [injectorMount];
const BOTH_MOUNTS = [injectorMount, tokenMount];

const POD_NAME: JsonObject = {
  name: "PIGGY_POD_NAME",
  valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
};

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
