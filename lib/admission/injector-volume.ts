/** The volume that the injector is in, and what belongs to it. */
import type { JsonObject } from "../json.ts";
import type { Container } from "../pod.ts";

export const INJECTOR_VOLUME = "piggy-env";
export const INSTALL_CONTAINER = "install-piggy-env";

export const MOUNT_PATH = "/piggy/";

/** On disk: in memory the injector would count against the container that touches it first. */
export const injectorVolume: JsonObject = { name: INJECTOR_VOLUME, emptyDir: {} };

export const injectorMount: JsonObject = { name: INJECTOR_VOLUME, mountPath: MOUNT_PATH, readOnly: true };

/** Whether an init container is ours, and not one that merely has the name. */
export function isInstallContainer({ name, volumeMounts }: Container): boolean {
  return name === INSTALL_CONTAINER && volumeMounts.some((mount) => mount["name"] === INJECTOR_VOLUME);
}
