/** The webhook that explain stands for, and what is assumed of it. */
import { annotationsOf } from "../admission/annotations.ts";
import type { Webhook } from "../admission/webhook.ts";
import type { JsonObject } from "../json.ts";
import { readSettings } from "../read-settings.ts";
import { annotationName, type Environment, environmentName, rowOf, settingNamesFrom } from "../settings.ts";
import type { ExplainOptions } from "./command-line.ts";

export interface Assumed {
  readonly webhookFor: (pod: JsonObject) => Webhook;
  /** One sentence for each thing that the real webhook may have otherwise. */
  readonly assumptions: readonly string[];
}

const IMAGE = "PIGGY_ENV_IMAGE";
const ASSUMED_IMAGE = "piggysec/piggy-env";
const ASSUMED_NAMESPACE = "piggy-webhooks";

/** Variables that the real webhook's admission reads. */
const VARIABLES = settingNamesFrom("environment")
  .filter((name) => rowOf(name).readBy.includes("admission"))
  .map(environmentName);

/** @param version of the injector whose image is assumed where none is named */
export function assumeWebhook(
  { set, webhookNamespace }: ExplainOptions,
  environment: Environment,
  version: string,
): Assumed {
  const taken = VARIABLES.filter((name) => environment[name] && set[name] === undefined);
  const named = { ...environment, ...set };
  const image = named[IMAGE] || `${ASSUMED_IMAGE}:${version}`;
  const namespace = webhookNamespace ?? ASSUMED_NAMESPACE;
  const all: Environment = { ...named, [IMAGE]: image };
  const { settings, environmentWarnings } = readSettings({ annotations: {}, environment: all });
  const service = settings["piggy-service-name"];
  const webhook: Webhook = {
    environment: all,
    service: { name: service, namespace, port: undefined, clusterAddress: "<ClusterIP>:443" },
    ca: "<CA of piggy-webhooks>",
    scheme: "https",
  };
  // An image that was only assumed is no measure for the one that a Pod names.
  const without: Webhook = { ...webhook, environment: named };
  return {
    webhookFor: (pod) =>
      !named[IMAGE] && Object.hasOwn(annotationsOf(pod), annotationName("piggy-env-image"))
        ? without
        : webhook,
    assumptions: [
      ...taken.map((name) => `${name}=${environment[name]}, from this environment`),
      ...(named[IMAGE] ? [] : [`${IMAGE}=${image}, because none is given (--set ${IMAGE}=…)`]),
      ...(webhookNamespace === undefined
        ? [`piggy-webhooks is the Service ${service} of namespace ${namespace} (--webhook-namespace)`]
        : []),
      ...environmentWarnings,
    ],
  };
}
