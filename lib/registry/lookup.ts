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

/** Reads a Secret's data; undefined when it is not there or not ours to read. */
export type ReadPullSecret = (
  namespace: string,
  name: string,
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, string> | undefined>;

/**
 * @throws PiggyError, from the look-up made, with codes `image_*` and `registry_unavailable`.
 */
export function createImageLookup(registry: RegistrySettings, readPullSecret: ReadPullSecret) {
  const cache = createImageCache();
  return ({ container, pod, namespace, settings, deadline }: ImageLookup): Promise<ImageCommand> => {
    const secrets = pullSecrets(pod, namespace, settings);
    const credentials = async (image: ImageName) => {
      const data = await Promise.all(
        secrets.map((secret) => readPullSecret(secret.namespace, secret.name, deadline.signal)),
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

function pullSecrets(pod: Pod, namespace: string, settings: Settings) {
  const own = pod.imagePullSecrets.map((name) => ({ namespace, name }));
  const named = settings["image-pull-secret"];
  if (!named) return own;
  return [...own, { namespace: settings["image-pull-secret-namespace"] || namespace, name: named }];
}
