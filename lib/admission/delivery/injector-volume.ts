/** The volume that the injector is in, and what belongs to it. */
import { isJsonObject, type JsonObject, own } from "../../json.ts";
import type { Container } from "../../pod.ts";
import type { Settings } from "../../settings.ts";

export const INJECTOR_VOLUME = "piggy-env";
export const INSTALL_CONTAINER = "install-piggy-env";

export const MOUNT_PATH = "/piggy/";

/** What `install` fills: on disk, for in memory the injector would count against the container that touches it first. */
export const emptyVolume: JsonObject = { name: INJECTOR_VOLUME, emptyDir: {} };

/**
 * How the injector's image is pulled. The plugin AlwaysPullImages of the API server makes it Always between our passes,
 * and refuses a Pod in which it is anything else after them.
 */
export function pullPolicy(present: unknown, settings: Settings): string {
  return present === "Always" ? present : settings["piggy-env-image-pull-policy"];
}

/** The injector's image itself, which the runtime mounts for reading alone. */
export function imageVolume(
  reference: string,
  present: readonly JsonObject[],
  settings: Settings,
): JsonObject {
  const image = present.find(({ name }) => name === INJECTOR_VOLUME)?.["image"];
  const policy = pullPolicy(isJsonObject(image) ? own(image, "pullPolicy") : undefined, settings);
  return { name: INJECTOR_VOLUME, image: { reference, pullPolicy: policy } };
}

export const injectorMount: JsonObject = { name: INJECTOR_VOLUME, mountPath: MOUNT_PATH, readOnly: true };

/** Whether an init container is ours, and not one that merely has the name. */
export function isInstallContainer({ name, volumeMounts }: Container): boolean {
  return name === INSTALL_CONTAINER && volumeMounts.some((mount) => mount["name"] === INJECTOR_VOLUME);
}
