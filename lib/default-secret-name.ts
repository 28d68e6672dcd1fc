import type { Settings } from "./settings.ts";

/** The secret that a Pod in proxy mode reads when it names none. */
export function defaultSecretName(settings: Settings, namespace: string, serviceAccount: string): string {
  const prefix = settings["piggy-default-secret-name-prefix"];
  const suffix = settings["piggy-default-secret-name-suffix"];
  return `${prefix}${namespace}/${serviceAccount}${suffix}`;
}
