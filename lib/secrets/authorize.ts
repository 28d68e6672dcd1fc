/** What a caller may ask: its container in the Pod as stored, and the place that its secrets are in. */

import { containerVariable } from "../container-variable.ts";
import { PiggyError } from "../error.ts";
import { isJsonObject, own, parseJson } from "../json.ts";
import type { Container } from "../pod.ts";
import { readSettings } from "../read-settings.ts";
import { type EntryLocation, type EntryPlan, planEntries } from "../reference/entry-plan.ts";
import { isStoreEntry } from "../reference/store-entry.ts";
import { annotationName, type Environment, type Settings } from "../settings.ts";
import { argvDigest, argvSignature } from "../signature.ts";
import {
  admittedArgv,
  containerByUid,
  hasTokenFile,
  isSpecDecisive,
  variableOf,
} from "../wrapped-container.ts";
import type { AllowedSecrets } from "./allowed-secrets.ts";
import { type RoleFor, readAs } from "./assume-roles.ts";
import type { Caller, DefaultTokens } from "./authenticate.ts";
import type { CallersPod } from "./callers-pod.ts";
import { Denial } from "./denial.ts";
import { locationBySettings, locationInSpec } from "./location.ts";
import type { SecretRequest } from "./request.ts";
import { requireWritten } from "./require-written.ts";
import type { Location } from "./world.ts";

export interface Grant {
  readonly container: Container;
  /** The Pod's secret or parameter path; undefined where only store entries are asked for. */
  readonly location: Location | undefined;
  /** Its keys to answer with; undefined for all, as older injectors ask. */
  readonly keys: readonly string[] | undefined;
  readonly entries: EntryPlan;
}

/** What whoever runs the webhook has said. */
export interface Rules {
  readonly defaultTokens: DefaultTokens;
  /** Undefined where nothing was said, so that everything may be asked for that the container's spec names. */
  readonly allowed: AllowedSecrets | undefined;
  readonly roleFor: RoleFor;
}

/** What is asked for, the keys of the Pod's secret apart from the store entries. */
interface Asked {
  readonly keys: readonly string[] | undefined;
  readonly entries: readonly string[];
}

function askedBy({ references }: SecretRequest): Asked {
  if (references === undefined || !references.some(isStoreEntry)) return { keys: references, entries: [] };
  const { entries = [], keys = [] } = Object.groupBy(references, (key) =>
    isStoreEntry(key) ? "entries" : "keys",
  );
  return { keys, entries };
}

function isForEntriesAlone({ keys, entries }: Asked): boolean {
  return keys !== undefined && keys.length === 0 && entries.length > 0;
}

/**
 * @throws Denial when the caller is not the Pod's container; PiggyError `request_invalid` when it is, but asks for
 * nothing that could be answered.
 */
export function authorize(
  caller: Caller,
  { name, stored: pod }: CallersPod,
  request: SecretRequest,
  rules: Rules,
  environment: Environment,
): Grant {
  const container = containerByUid(pod, request.uid);
  if (container === undefined)
    throw new Denial(`no container of Pod ${caller.namespace}/${name} has this uid`);
  // It has an identity of its own, and its annotations say nothing about ours.
  if (variableOf(container, containerVariable("standalone")) === "true") {
    throw new Denial("the container is in standalone mode");
  }
  if (hasTokenFile(container) && request.references === undefined) {
    throw new PiggyError(
      "request_invalid",
      "references is missing: name the keys that the container refers to",
    );
  }
  const asked = askedBy(request);
  if (asked.entries.length > 0) requireOwnWrapping(container, caller);
  /** Each is held against the policy before any is read. */
  const permitted = <T extends Location | EntryLocation>(location: T): T => {
    const reason = rules.allowed?.whyNotAsked(location, caller);
    if (reason !== undefined) throw new Denial(reason);
    return readAs(location, rules.roleFor, caller);
  };
  const grant = { container, keys: asked.keys };
  if (!isSpecDecisive(container)) {
    const { settings } = readSettings({ annotations: pod.annotations, environment });
    requireListed(settings, request);
    const location = permitted(locationBySettings(settings, caller));
    return { ...grant, location, entries: planEntries([], undefined) };
  }
  requireAdmittedArgv(container, request);
  const region = variableOf(container, containerVariable("aws-region")) || environment["AWS_REGION"];
  requireWritten(container, asked.entries, (key) => isNamed(key, region, rules.allowed, caller));
  const { fetches, failures } = planEntries(asked.entries, region);
  return {
    ...grant,
    location: isForEntriesAlone(asked) ? undefined : permitted(locationInSpec(container, region)),
    entries: {
      fetches: fetches.map((fetch) => ({ ...fetch, location: permitted(fetch.location) })),
      failures,
    },
  };
}

/** Whether the policy names an entry, which then need not be written in the Pod. */
function isNamed(
  key: string,
  region: string | undefined,
  allowed: AllowedSecrets | undefined,
  caller: Caller,
): boolean {
  if (allowed === undefined) return false;
  const [fetch] = planEntries([key], region).fetches;
  return fetch !== undefined && allowed.whyNotAsked(fetch.location, caller) === undefined;
}

/** What an older webhook admitted says nothing immutable of what it may ask. */
function requireOwnWrapping(container: Container, caller: Caller): void {
  if (isSpecDecisive(container) && hasTokenFile(container) && caller.tokenKind === "own") return;
  throw new Denial("store entries are for containers with a token of our own alone");
}

function requireAdmittedArgv(container: Container, request: SecretRequest): void {
  if (variableOf(container, containerVariable("piggy-enforce-integrity")) === "false") return;
  const argv = admittedArgv(container);
  if (argv === undefined) throw new Denial("the container does not run behind piggy-env");
  const admitted = hasTokenFile(container) ? argvDigest(argv) : argvSignature(argv);
  requireSignature(admitted, request);
}

/** An older webhook lists every container of its own, so a uid that is not listed is not one. */
function requireListed(settings: Settings, request: SecretRequest): void {
  const signature = signatureInAnnotation(settings, request.uid);
  if (signature === undefined)
    throw new Denial(`${annotationName("piggy-uid")} has no signature for this uid`);
  if (settings["piggy-enforce-integrity"]) requireSignature(signature, request);
}

function signatureInAnnotation(settings: Settings, uid: string): string | undefined {
  const signatures = parseJson(settings["piggy-uid"] ?? "");
  const signature = isJsonObject(signatures) ? own(signatures, uid) : undefined;
  return typeof signature === "string" && signature !== "" ? signature : undefined;
}

function requireSignature(admitted: string, request: SecretRequest): void {
  if (request.signature !== admitted) throw new Denial("the command is not the one that was admitted");
}
