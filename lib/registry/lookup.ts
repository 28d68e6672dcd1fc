/** The entrypoint look-up for a container of a Pod, with the credentials that the Pod may use. */
import type { Deadline } from "../deadline.ts";
import type { Pod } from "../pod.ts";
import type { Settings } from "../settings.ts";
import { credentialsFor, parseDockerConfig } from "./credentials.ts";
import type { RegistrySettings } from "./endpoint.ts";
import { createImageCache } from "./image-cache.ts";
import { type ImageCommand, readImageCommand } from "./image-command.ts";
import type { ImageName } from "./image-name.ts";
import { platformOf } from "./platform.ts";

export interface ImageLookup {
  readonly container: { readonly image: string; readonly imagePullPolicy: string | undefined };
  readonly pod: Pod;
  readonly namespace: string;
  readonly settings: Settings;
  readonly deadline: Deadline;
}

/** What a look-up of credentials asks of the cluster. */
export interface PullSecrets {
  /** A Secret's data; undefined when it is not there or not ours to read. */
  readonly read: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, string> | undefined>;
  /** The names in a ServiceAccount's imagePullSecrets; none when it is not there or not ours to read. */
  readonly ofServiceAccount: (
    namespace: string,
    name: string,
    signal: AbortSignal,
  ) => Promise<readonly string[]>;
}

/**
 * @throws PiggyError, from the look-up made, with codes `image_*` and `registry_unavailable`.
 */
export function createImageLookup(registry: RegistrySettings, pullSecrets: PullSecrets) {
  const cache = createImageCache();
  return ({ container, pod, namespace, settings, deadline }: ImageLookup): Promise<ImageCommand> => {
    const credentials = async (image: ImageName) => {
      const { signal } = deadline;
      const ofAccount = await pullSecrets.ofServiceAccount(namespace, pod.serviceAccount, signal);
      const secrets = secretsFor(pod, ofAccount, namespace, settings);
      const data = await Promise.all(
        secrets.map((secret) => pullSecrets.read(secret.namespace, secret.name, signal)),
      );
      return data.flatMap((entry) =>
        entry === undefined ? [] : credentialsFor(image, parseDockerConfig(entry)),
      );
    };
    return readImageCommand(
      {
        image: container.image,
        platform: platformOf(pod.nodeSelector),
        skipVerify: settings["image-skip-verify-registry"],
        imagePullPolicy: container.imagePullPolicy,
        credentials,
        deadline,
      },
      registry,
      cache,
    );
  };
}

/** The Pod's own come first, then its service account's, which the API server copies only to a Pod that has none. */
function secretsFor(pod: Pod, ofAccount: readonly string[], namespace: string, settings: Settings) {
  const names = new Set([...pod.imagePullSecrets, ...ofAccount]);
  const own = [...names].map((name) => ({ namespace, name }));
  const named = settings["image-pull-secret"];
  if (!named) return own;
  return [...own, { namespace: settings["image-pull-secret-namespace"] || namespace, name: named }];
}
