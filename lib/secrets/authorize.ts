/** What a caller may ask: the Pod as stored, its container, and the place that its secrets are in. */

import { containerVariable } from "../container-variable.ts";
import { PiggyError } from "../error.ts";
import { isJsonObject, own, parseJson } from "../json.ts";
import { hasOwnTokenVolume } from "../own-token.ts";
import type { Container, Pod } from "../pod.ts";
import { defaultSecretName, readSettings } from "../read-settings.ts";
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

export interface Grant {
  readonly pod: string;
  readonly container: string;
  readonly location: Location;
  /** The keys to answer with; undefined for all, as older injectors ask. */
  readonly keys: readonly string[] | undefined;
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
  const location = isSpecDecisive(container)
    ? grantBySpec(container, request, world.environment)
    : grantByAnnotations(pod, caller, request, world.environment);
  return { pod: name, container: container.name, location, keys: request.references };
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

function grantBySpec(container: Container, request: SecretRequest, environment: Environment): Location {
  if (variableOf(container, containerVariable("piggy-enforce-integrity")) !== "false") {
    const argv = admittedArgv(container);
    if (argv === undefined) throw new Denial("the container does not run behind piggy-env");
    const admitted = hasTokenFile(container) ? argvDigest(argv) : argvSignature(argv);
    requireSignature(admitted, request);
  }
  const path = variableOf(container, containerVariable("aws-ssm-parameter-path"));
  const region = requireRegion(
    variableOf(container, containerVariable("aws-region")) || environment["AWS_REGION"],
  );
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
