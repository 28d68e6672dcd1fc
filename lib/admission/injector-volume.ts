/** How the injector gets into a Pod: a volume, and an init container that copies it there. */
import type { JsonObject } from "../json.ts";
import type { Container, Pod } from "../pod.ts";
import type { Settings } from "../settings.ts";
import type { Plan } from "./plan.ts";

export const INJECTOR_VOLUME = "piggy-env";
export const INSTALL_CONTAINER = "install-piggy-env";

const MOUNT_PATH = "/piggy/";

/** On disk: in memory the injector would count against the container that touches it first. */
export const injectorVolume: JsonObject = { name: INJECTOR_VOLUME, emptyDir: {} };

export const injectorMount: JsonObject = { name: INJECTOR_VOLUME, mountPath: MOUNT_PATH, readOnly: true };

/** Whether an init container is ours, and not one that merely has the name. */
export function isInstallContainer({ name, volumeMounts }: Container): boolean {
  return name === INSTALL_CONTAINER && volumeMounts.some((mount) => mount["name"] === INJECTOR_VOLUME);
}

/** Any user but root; the injector's image has it too. */
const NON_ROOT = 65532;

export function installContainer(pod: Pod, plan: Plan, settings: Settings): JsonObject {
  return {
    name: INSTALL_CONTAINER,
    image: plan.injector.image,
    imagePullPolicy: settings["piggy-env-image-pull-policy"],
    args: ["install", MOUNT_PATH.replace(/\/$/, "")],
    resources: {
      requests: {
        cpu: settings["piggy-env-resource-cpu-request"],
        memory: settings["piggy-env-resource-memory-request"],
      },
      limits: {
        cpu: settings["piggy-env-resource-cpu-limit"],
        memory: settings["piggy-env-resource-memory-limit"],
      },
    },
    securityContext: {
      allowPrivilegeEscalation: settings["piggy-psp-allow-privilege-escalation"],
      capabilities: { drop: ["ALL"] },
      privileged: false,
      readOnlyRootFilesystem: true,
      // An older injector's image may have no user of its own, and would then not start.
      ...(plan.injector.isOurs ? { runAsNonRoot: true } : {}),
      // Only where the Pod says root: elsewhere its own user, or its namespace's range, is right.
      ...(pod.runAsUser === 0 ? { runAsUser: NON_ROOT } : {}),
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [{ name: INJECTOR_VOLUME, mountPath: MOUNT_PATH }],
  };
}
