/** From settings to what every changed container of a Pod is given. Pure. */

import { containerVariable } from "../container-variable.ts";
import { PiggyError } from "../error.ts";
import type { Pod } from "../pod.ts";
import { defaultSecretName } from "../read-settings.ts";
import { isRegion } from "../region.ts";
import { annotationName, SETTINGS, type SettingName, type Settings } from "../settings.ts";
import { injectorKnowsToken } from "./injector-image.ts";
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

/** What a Pod is looked at for, by itself or by the webhook's environment. */
export const LOOKED_AT_FOR = ["aws-secret-name", "aws-ssm-parameter-path", "piggy-address"] as const;

/** Who asks. */
export interface Asking {
  readonly pod: Pod;
  readonly namespace: string;
  /** Whether there is, or may be, a reference to what the Pod is given, and not to store entries of their own alone. */
  readonly needsStore: boolean;
}

/** Whether a Pod may hold references at all: one of these is given, be it readable or not. */
export function isLookedAt(given: ReadonlySet<SettingName>): boolean {
  return LOOKED_AT_FOR.some((name) => given.has(name));
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
  return {
    mode,
    injector: { image, isOurs },
    variables: new Map([
      ...storeVariables({ pod, namespace, needsStore }, settings, mode),
      ...tuningVariables(settings),
      ...(mode === "proxy" ? proxyVariables(settings, webhook, isOurs) : []),
    ]),
    warnings: warningsOf(settings, mode, isOurs),
  };
}

type Variables = readonly (readonly [name: string, value: string])[];

function storeVariables(
  { pod, namespace, needsStore }: Asking,
  settings: Settings,
  mode: Plan["mode"],
): Variables {
  const region = settings["aws-region"];
  if (region && !isRegion(region)) {
    throw new PiggyError(
      "region_invalid",
      `${JSON.stringify(region)} is not an AWS region: mend ${annotationName("aws-region")} on the Pod or ` +
        "AWS_REGION on piggy-webhooks",
    );
  }
  const regionVariable: Variables = region ? [[containerVariable("aws-region"), region]] : [];
  const path = settings["aws-ssm-parameter-path"];
  if (path) return [[containerVariable("aws-ssm-parameter-path"), path], ...regionVariable];

  const ownDefault =
    mode === "proxy" ? defaultSecretName(settings, namespace, pod.serviceAccount) : undefined;
  const secret = settings["aws-secret-name"] || ownDefault;
  if (!secret && !needsStore) return regionVariable;
  if (!secret) {
    throw new PiggyError(
      "injection_impossible",
      `standalone mode has no default secret: set ${annotationName("aws-secret-name")} or ` +
        `${annotationName("aws-ssm-parameter-path")} on the Pod`,
    );
  }
  return [
    [containerVariable("aws-secret-name"), secret],
    [containerVariable("aws-secret-version"), settings["aws-secret-version"] || "AWSCURRENT"],
    ...regionVariable,
  ];
}

function tuningVariables(settings: Settings): Variables {
  const delay = settings["piggy-initial-delay"];
  const resolver = settings["piggy-dns-resolver"];
  const retries = settings["piggy-number-of-retry"];
  const deadline = settings["piggy-deadline"];
  return [
    ...(settings.debug ? [[containerVariable("debug"), "true"] as const] : []),
    ...(settings.standalone ? [[containerVariable("standalone"), "true"] as const] : []),
    ...(settings["piggy-ignore-no-env"] ? [[containerVariable("piggy-ignore-no-env"), "true"] as const] : []),
    ...(resolver ? [[containerVariable("piggy-dns-resolver"), resolver] as const] : []),
    ...(delay ? [[containerVariable("piggy-initial-delay"), `${delay}ms`] as const] : []),
    ...(deadline === SETTINGS["piggy-deadline"].default
      ? []
      : [[containerVariable("piggy-deadline"), `${deadline}ms`] as const]),
    ...(retries > 0 ? [[containerVariable("piggy-number-of-retry"), String(retries)] as const] : []),
  ];
}

function proxyVariables(settings: Settings, webhook: Webhook, knowsToken: boolean): Variables {
  const address = settings["piggy-address"] || ownAddress(webhook);
  const skipVerify = settings["piggy-skip-verify-tls"];
  const isOwn = isOwnAddress(address, webhook.service);
  const { clusterAddress } = webhook.service;
  return [
    ["PIGGY_ADDRESS", address],
    ...(isOwn && webhook.ca ? [["PIGGY_CA", webhook.ca] as const] : []),
    // Unverified, an address could by now be somebody else's.
    ...(isOwn && clusterAddress && !skipVerify ? [["PIGGY_SERVICE", clusterAddress] as const] : []),
    ...(skipVerify ? [[containerVariable("piggy-skip-verify-tls"), "true"] as const] : []),
    ...(knowsToken ? [["PIGGY_TOKEN_FILE", TOKEN_FILE] as const] : []),
    [containerVariable("piggy-enforce-integrity"), String(settings["piggy-enforce-integrity"])],
  ];
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
