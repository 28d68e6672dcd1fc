/** The secret or the parameter path that a container is given. */
import { containerVariable } from "../container-variable.ts";
import { defaultSecretName } from "../default-secret-name.ts";
import { PiggyError } from "../error.ts";
import type { Container } from "../pod.ts";
import { annotationName, type Settings } from "../settings.ts";
import { variableOf } from "../wrapped-container.ts";
import type { Caller } from "./authenticate.ts";
import type { Location } from "./world.ts";

/** By what stands in the container. @throws PiggyError `request_invalid` where that is nothing */
export function locationInSpec(container: Container, inRegion: string | undefined): Location {
  const path = variableOf(container, containerVariable("aws-ssm-parameter-path"));
  const region = requireRegion(inRegion);
  if (path) return { kind: "path", path, region };
  const name = variableOf(container, containerVariable("aws-secret-name"));
  if (!name)
    throw new PiggyError("request_invalid", "the container has neither a secret name nor a parameter path");
  const version = variableOf(container, containerVariable("aws-secret-version")) || "AWSCURRENT";
  return { kind: "secret", name, version, region };
}

/** By the settings of a Pod whose container says nothing of it. @throws PiggyError `request_invalid` without a region */
export function locationBySettings(
  settings: Settings,
  { namespace, serviceAccount }: Pick<Caller, "namespace" | "serviceAccount">,
): Location {
  const region = requireRegion(settings["aws-region"]);
  const path = settings["aws-ssm-parameter-path"];
  if (path) return { kind: "path", path, region };
  const name = settings["aws-secret-name"] || defaultSecretName(settings, namespace, serviceAccount);
  return { kind: "secret", name, version: settings["aws-secret-version"] || "AWSCURRENT", region };
}

function requireRegion(region: string | undefined): string {
  if (region) return region;
  throw new PiggyError(
    "request_invalid",
    `no AWS region: set ${annotationName("aws-region")} on the Pod or AWS_REGION on piggy-webhooks`,
  );
}
