/** Which settings said what was looked for and not found, so that whoever misspelt one knows where to look. */
import { containerVariable } from "../container-variable.ts";
import { defaultSecretName } from "../default-secret-name.ts";
import { PiggyError } from "../error.ts";
import type { Pod } from "../pod.ts";
import { readSettings } from "../read-settings.ts";
import type { EntryPlan } from "../reference/entry-plan.ts";
import { annotationName, type Environment, environmentName, type SettingName } from "../settings.ts";
import type { Location } from "./world.ts";

export interface Sources {
  readonly pod: Pod;
  /** The webhook's. */
  readonly environment: Environment;
  readonly namespace: string;
}

/** The failure with the settings that name the place, where that is not there; any other as it is. */
export function withSource(failure: PiggyError, location: Location, sources: Sources): PiggyError {
  if (!isNotThere(failure)) return failure;
  const region = settingFor(location.region, "aws-region", sources);
  const named = location.kind === "path" ? pathSource(location.path, sources) : nameSource(location, sources);
  const version = location.kind === "secret" && location.version !== "AWSCURRENT";
  const ofVersion = version
    ? `, its version by ${settingFor(location.version, "aws-secret-version", sources)}`
    : "";
  return withWords(failure, `it is named by ${named}, its region by ${region}${ofVersion}`);
}

/** The same for store entries, which are named by the reference itself. */
export function withEntrySources(
  failures: ReadonlyMap<string, PiggyError>,
  { fetches }: EntryPlan,
  sources: Sources,
): ReadonlyMap<string, PiggyError> {
  const told = new Map(failures);
  for (const { location, wanted } of fetches) {
    for (const { key, entry } of wanted) {
      const failure = failures.get(key);
      if (failure === undefined || !isNotThere(failure)) continue;
      const region =
        entry.region === undefined ? settingFor(location.region, "aws-region", sources) : "the reference";
      told.set(key, withWords(failure, `its region is named by ${region}`));
    }
  }
  return told;
}

function isNotThere({ code }: PiggyError): boolean {
  return code === "secret_not_found";
}

function withWords(failure: PiggyError, words: string): PiggyError {
  return new PiggyError(failure.code, `${failure.message.replace(/\.$/, "")}: ${words}`, { cause: failure });
}

function pathSource(path: string, sources: Sources): string {
  return settingFor(path, "aws-ssm-parameter-path", sources);
}

function nameSource({ name }: Location & { readonly kind: "secret" }, sources: Sources): string {
  const { pod, environment, namespace } = sources;
  const { settings } = readSettings({ annotations: pod.annotations, environment });
  const isDefault =
    !settings["aws-secret-name"] && name === defaultSecretName(settings, namespace, pod.serviceAccount);
  return isDefault
    ? `the default, as ${annotationName("aws-secret-name")} names none`
    : settingFor(name, "aws-secret-name", sources);
}

/** Admission wrote the value into the container; annotation and environment may have been changed since. */
function settingFor(value: string, name: SettingName, { pod, environment }: Sources): string {
  if (pod.annotations[annotationName(name)] === value) return `the annotation ${annotationName(name)}`;
  if (environment[environmentName(name)] === value) return `${environmentName(name)} on piggy-webhooks`;
  return `the container's ${containerVariable(name)}`;
}
