/**
 * The environment variables that are Piggy's own: what the webhook writes into a container and the injector takes
 * out again before the application starts.
 */
import { settingVariables } from "./container-variable.ts" with { type: "macro" };

/** Written by the webhook besides the settings. */
export const INJECTED = [
  "PIGGY_POD_NAME", // metadata.name by fieldRef
  "PIGGY_POD_NAMESPACE", // as older webhooks wrote it
  "PIGGY_UID", // this container's id within the Pod
  "PIGGY_TOKEN_FILE", // the projected token whose audience is ours
  "PIGGY_CA", // PEM that the webhook's certificate is verified by
  "PIGGY_SERVICE", // HOST:PORT of the webhook's Service by address, so that no name is looked up
  "PIGGY_TERMINATION_LOG", // where the kubelet reads the reason of an end, if not at its default
  "PIGGY_EXPAND", // what the kubelet would have expanded in the argv
  "PIGGY_MENTIONED", // what the kubelet knows of the names in PIGGY_EXPAND that admission could not be sure of
  "PIGGY_REFERENCES", // references recorded at admission
  "PIGGY_ALLOWED_SA", // the policy that stands inside a secret
] as const;

const OWN: ReadonlySet<string> = new Set([...INJECTED, ...settingVariables()]);

/**
 * Begins the name of a variable that holds the value of another, with a mark around each part of it that may turn out
 * to be a reference; the other's name follows.
 */
export const MENTIONS_IN = "PIGGY_MENTIONS_IN_";

/**
 * Whether a variable is Piggy's own, by its exact name: an application's PIGGY_BANK_URL is not, and neither are its
 * AWS_REGION and DEBUG, although the webhook's own environment has settings of those names.
 */
export function isOwnVariable(name: string): boolean {
  return OWN.has(name) || name.startsWith(MENTIONS_IN);
}
