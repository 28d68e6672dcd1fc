/** The volume that the injector is in, and what belongs to it. */
import type { JsonObject } from "../json.ts";
import type { Container } from "../pod.ts";

export const INJECTOR_VOLUME = "piggy-env";
export const INSTALL_CONTAINER = "install-piggy-env";

export const MOUNT_PATH = "/piggy/";

/** What `install` fills: on disk, for in memory the injector would count against the container that touches it first. */
export const emptyVolume: JsonObject = { name: INJECTOR_VOLUME, emptyDir: {} };

/** The injector's image itself, which the runtime mounts for reading alone. */
export function imageVolume(reference: string, pullPolicy: string): JsonObject {
  return { name: INJECTOR_VOLUME, image: { reference, pullPolicy } };
}

export const injectorMount: JsonObject = { name: INJECTOR_VOLUME, mountPath: MOUNT_PATH, readOnly: true };

/** Whether an init container is ours, and not one that merely has the name. */
export function isInstallContainer({ name, volumeMounts }: Container): boolean {
  return name === INSTALL_CONTAINER && volumeMounts.some((mount) => mount["name"] === INJECTOR_VOLUME);
}
