/** What a caller may ask: the Pod as stored, its container, and the place that its secrets are in. */

import { containerVariable } from "../container-variable.ts";
import { PiggyError } from "../error.ts";
import { isJsonObject, own, parseJson } from "../json.ts";
import { hasOwnTokenVolume } from "../own-token.ts";
import type { Container, Pod } from "../pod.ts";
import { defaultSecretName, readSettings } from "../read-settings.ts";
import { type EntryPlan, planEntries } from "../reference/entry-plan.ts";
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
import type { Caller, DefaultTokens } from "./authenticate.ts";
import { Denial } from "./denial.ts";
import type { SecretRequest } from "./request.ts";
import type { Location, SecretsWorld } from "./world.ts";
import { requireWritten } from "./written-entries.ts";

export interface Grant {
  readonly pod: string;
  readonly container: string;
  /** The Pod's secret or parameter path; undefined where only store entries are asked for. */
  readonly location: Location | undefined;
  /** Its keys to answer with; undefined for all, as older injectors ask. */
  readonly keys: readonly string[] | undefined;
  readonly entries: EntryPlan;
}

/** What is asked for, the keys of the Pod's secret apart from the store entries. */
interface Asked {
  readonly keys: readonly string[] | undefined;
  readonly entries: readonly string[];
}

function askedBy({ references }: SecretRequest): Asked {
  if (references === undefined) return { keys: undefined, entries: [] };
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
export async function authorize(
  caller: Caller,
  request: SecretRequest,
  defaultTokens: DefaultTokens,
  world: SecretsWorld,
  signal: AbortSignal,
): Promise<Grant> {
  const name = podNameOf(caller, request, defaultTokens);
  const pod = await world.readPod(caller.namespace, name, signal);
  if (pod === undefined) throw new Denial(`Pod ${caller.namespace}/${name} does not exist`);
  checkPod(pod, caller, defaultTokens);

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
  if (!isSpecDecisive(container)) {
    const location = grantByAnnotations(pod, caller, request, world.environment);
    return {
      pod: name,
      container: container.name,
      location,
      keys: asked.keys,
      entries: planEntries([], undefined),
    };
  }
  requireAdmittedArgv(container, request);
  requireWritten(container, asked.entries);
  const region = variableOf(container, containerVariable("aws-region")) || world.environment["AWS_REGION"];
  return {
    pod: name,
    container: container.name,
    location: isForEntriesAlone(asked) ? undefined : locationInSpec(container, region),
    keys: asked.keys,
    entries: planEntries(asked.entries, region),
  };
}

/** What an older webhook admitted says nothing immutable of what it may ask. */
function requireOwnWrapping(container: Container, caller: Caller): void {
  if (isSpecDecisive(container) && hasTokenFile(container) && caller.tokenKind === "own") return;
  throw new Denial("store entries are for containers with a token of our own alone");
}

/** The Pod that the token is bound to. Only where any default token is accepted may the body say which. */
function podNameOf(caller: Caller, request: SecretRequest, defaultTokens: DefaultTokens): string {
  if (caller.pod === undefined) {
    if (defaultTokens !== "true") throw new Denial("the default token is bound to no Pod");
    return request.podName;
  }
  if (request.podName !== "" && request.podName !== caller.pod.name) {
    throw new Denial(`the token is bound to Pod ${caller.pod.name}, and asks for Pod ${request.podName}`);
  }
  return caller.pod.name;
}

/**
 * One that is being deleted is not among them: in its grace period a sidecar may start again (KEP-4438), and what runs
 * there has its values already. The API server takes no token of its any more from a minute after that period on.
 */
const FINISHED = new Set(["Succeeded", "Failed"]);

function checkPod(pod: Pod, caller: Caller, defaultTokens: DefaultTokens): void {
  if (caller.pod !== undefined && pod.uid !== caller.pod.uid)
    throw new Denial("the Pod is another of the same name");
  if (pod.serviceAccount !== caller.serviceAccount) {
    throw new Denial(
      `the Pod's service account is ${pod.serviceAccount}, the token's ${caller.serviceAccount}`,
    );
  }
  if (pod.phase !== undefined && FINISHED.has(pod.phase))
    throw new Denial(`the Pod has ${pod.phase.toLowerCase()}`);
  if (caller.tokenKind === "default" && defaultTokens !== "true" && hasOwnTokenVolume(pod)) {
    throw new Denial("a default token for a Pod that has a token of its own for us");
  }
}

function requireAdmittedArgv(container: Container, request: SecretRequest): void {
  if (variableOf(container, containerVariable("piggy-enforce-integrity")) === "false") return;
  const argv = admittedArgv(container);
  if (argv === undefined) throw new Denial("the container does not run behind piggy-env");
  const admitted = hasTokenFile(container) ? argvDigest(argv) : argvSignature(argv);
  requireSignature(admitted, request);
}

function locationInSpec(container: Container, inRegion: string | undefined): Location {
  const path = variableOf(container, containerVariable("aws-ssm-parameter-path"));
  const region = requireRegion(inRegion);
  if (path) return { kind: "path", path, region };
  const name = variableOf(container, containerVariable("aws-secret-name"));
  if (!name)
    throw new PiggyError("request_invalid", "the container has neither a secret name nor a parameter path");
  const version = variableOf(container, containerVariable("aws-secret-version")) || "AWSCURRENT";
  return { kind: "secret", name, version, region };
}

function grantByAnnotations(
  pod: Pod,
  caller: Caller,
  request: SecretRequest,
  environment: Environment,
): Location {
  const { settings } = readSettings({ annotations: pod.annotations, environment });
  const signature = signatureInAnnotation(settings, request.uid);
  // An older webhook lists every container of its own, so a uid that is not listed is not one.
  if (signature === undefined)
    throw new Denial(`${annotationName("piggy-uid")} has no signature for this uid`);
  if (settings["piggy-enforce-integrity"]) requireSignature(signature, request);
  const region = requireRegion(settings["aws-region"]);
  const path = settings["aws-ssm-parameter-path"];
  if (path) return { kind: "path", path, region };
  const name =
    settings["aws-secret-name"] || defaultSecretName(settings, caller.namespace, caller.serviceAccount);
  return { kind: "secret", name, version: settings["aws-secret-version"] || "AWSCURRENT", region };
}

function signatureInAnnotation(settings: Settings, uid: string): string | undefined {
  const signatures = parseJson(settings["piggy-uid"] ?? "");
  const signature = isJsonObject(signatures) ? own(signatures, uid) : undefined;
  return typeof signature === "string" && signature !== "" ? signature : undefined;
}

function requireSignature(admitted: string, request: SecretRequest): void {
  if (request.signature !== admitted) throw new Denial("the command is not the one that was admitted");
}

function requireRegion(region: string | undefined): string {
  if (region) return region;
  throw new PiggyError(
    "request_invalid",
    `no AWS region: set ${annotationName("aws-region")} on the Pod or AWS_REGION on piggy-webhooks`,
  );
}
