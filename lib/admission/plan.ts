/** From settings to what every changed container of a Pod is given. Pure. */

import { containerVariable } from "../container-variable.ts";
import { defaultSecretName } from "../default-secret-name.ts";
import { PiggyError } from "../error.ts";
import type { Pod } from "../pod.ts";
import { isRegion } from "../region.ts";
import { annotationName, SETTINGS, type SettingName, type Settings } from "../settings.ts";
import { injectorKnowsToken } from "./delivery/injector-image.ts";
import { TOKEN_FILE } from "./token-volume.ts";
import { isOwnAddress, ownAddress, type Webhook } from "./webhook.ts";

export interface Plan {
  readonly mode: "proxy" | "standalone";
  readonly injector: {
    readonly image: string;
    /** Whether it is of this project and no older than the tokens, so that it may be held to what ours does. */
    readonly isOurs: boolean;
  };
  /** The variables that every changed container gets, in order, by name. */
  readonly variables: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** Whether containers get a token whose audience is ours. */
export function hasOwnToken(plan: Plan): boolean {
  return plan.variables.has("PIGGY_TOKEN_FILE");
}

/** Who asks. */
export interface Asking {
  readonly pod: Pod;
  readonly namespace: string;
  /** Whether there is, or may be, a reference to what the Pod is given, and not to store entries of their own alone. */
  readonly needsStore: boolean;
}

/**
 * @throws PiggyError `injection_impossible` or `region_invalid` when the settings name nothing to read or to run.
 */
export function planInjection(
  { pod, namespace, needsStore }: Asking,
  settings: Settings,
  webhook: Webhook,
): Plan {
  const image = settings["piggy-env-image"];
  if (!image) {
    throw new PiggyError(
      "injection_impossible",
      "no injector image: set PIGGY_ENV_IMAGE on piggy-webhooks (the chart does) or the annotation " +
        `${annotationName("piggy-env-image")} on the Pod`,
    );
  }
  const mode = settings.standalone ? "standalone" : "proxy";
  const isOurs = injectorKnowsToken(image, webhook.environment["PIGGY_ENV_IMAGE"]);
  const variables = new Map<string, string>();
  addStoreVariables(variables, { pod, namespace, needsStore }, settings, mode);
  addTuningVariables(variables, settings);
  if (mode === "proxy") addProxyVariables(variables, settings, webhook, isOurs);
  return {
    mode,
    injector: { image, isOurs },
    variables,
    warnings: warningsOf(settings, mode, isOurs),
  };
}

type Variables = Map<string, string>;

function addStoreVariables(
  variables: Variables,
  { pod, namespace, needsStore }: Asking,
  settings: Settings,
  mode: Plan["mode"],
): void {
  const region = settings["aws-region"];
  if (region && !isRegion(region)) {
    throw new PiggyError(
      "region_invalid",
      `${JSON.stringify(region)} is not an AWS region: mend ${annotationName("aws-region")} on the Pod or ` +
        "AWS_REGION on piggy-webhooks",
    );
  }
  const path = settings["aws-ssm-parameter-path"];
  const ownDefault =
    mode === "proxy" ? defaultSecretName(settings, namespace, pod.serviceAccount) : undefined;
  const secret = settings["aws-secret-name"] || ownDefault;
  if (path) variables.set(containerVariable("aws-ssm-parameter-path"), path);
  else if (secret) {
    variables.set(containerVariable("aws-secret-name"), secret);
    variables.set(containerVariable("aws-secret-version"), settings["aws-secret-version"] || "AWSCURRENT");
  } else if (needsStore) {
    throw new PiggyError(
      "injection_impossible",
      `standalone mode has no default secret: set ${annotationName("aws-secret-name")} or ` +
        `${annotationName("aws-ssm-parameter-path")} on the Pod`,
    );
  }
  if (region) variables.set(containerVariable("aws-region"), region);
}

function addTuningVariables(variables: Variables, settings: Settings): void {
  const delay = settings["piggy-initial-delay"];
  const resolver = settings["piggy-dns-resolver"];
  const retries = settings["piggy-number-of-retry"];
  const deadline = settings["piggy-deadline"];
  const add = (name: SettingName, value: string) => variables.set(containerVariable(name), value);
  if (settings.debug) add("debug", "true");
  if (settings.standalone) add("standalone", "true");
  if (settings["piggy-ignore-no-env"]) add("piggy-ignore-no-env", "true");
  if (resolver) add("piggy-dns-resolver", resolver);
  if (delay) add("piggy-initial-delay", `${delay}ms`);
  if (deadline !== SETTINGS["piggy-deadline"].default) add("piggy-deadline", `${deadline}ms`);
  if (retries > 0) add("piggy-number-of-retry", String(retries));
}

function addProxyVariables(
  variables: Variables,
  settings: Settings,
  webhook: Webhook,
  knowsToken: boolean,
): void {
  const address = settings["piggy-address"] || ownAddress(webhook);
  const skipVerify = settings["piggy-skip-verify-tls"];
  const isOwn = isOwnAddress(address, webhook.service);
  const { clusterAddress } = webhook.service;
  variables.set("PIGGY_ADDRESS", address);
  if (isOwn && webhook.ca) variables.set("PIGGY_CA", webhook.ca);
  // Unverified, an address could by now be somebody else's.
  if (isOwn && clusterAddress && !skipVerify) variables.set("PIGGY_SERVICE", clusterAddress);
  if (skipVerify) variables.set(containerVariable("piggy-skip-verify-tls"), "true");
  if (knowsToken) variables.set("PIGGY_TOKEN_FILE", TOKEN_FILE);
  variables.set(containerVariable("piggy-enforce-integrity"), String(settings["piggy-enforce-integrity"]));
}

function warningsOf(settings: Settings, mode: Plan["mode"], isOurs: boolean): readonly string[] {
  const warnings: string[] = [];
  if (mode === "proxy" && settings["piggy-skip-verify-tls"]) {
    warnings.push(
      `${annotationName("piggy-skip-verify-tls")}: whoever answers as the webhook gets the token and chooses the secrets`,
    );
  }
  if (mode === "proxy" && !isOurs) {
    warnings.push(
      `${annotationName("piggy-env-image")}: this injector does not know piggysec.com tokens, so the Pod's default token is used`,
    );
  }
  return warnings;
}
