/** The init container that copies the injector into its volume, from the injector's own image. */
import { isJsonObject, type JsonObject, own } from "../../json.ts";
import type { Container, Pod } from "../../pod.ts";
import { isSameQuantity } from "../../quantity.ts";
import type { Settings } from "../../settings.ts";
import { ownContainers } from "../own-containers.ts";
import type { Plan } from "../plan.ts";
import {
  INJECTOR_VOLUME,
  INSTALL_CONTAINER,
  isInstallContainer,
  MOUNT_PATH,
  pullPolicy,
} from "./injector-volume.ts";
import { installResources } from "./install-resources.ts";

const ARGS = ["install", MOUNT_PATH.replace(/\/$/, "")];

/** As it should be; what is there of an earlier admission is brought to that, with what the API server filled in. */
export function installContainer(pod: Pod, plan: Plan, settings: Settings): JsonObject {
  const present = pod.initContainers.find(isInstallContainer);
  const resources = installResources(pod, settings);
  return {
    ...present?.json,
    name: INSTALL_CONTAINER,
    image: plan.injector.image,
    imagePullPolicy: pullPolicy(present?.imagePullPolicy, settings),
    args: ARGS,
    resources: {
      requests: spelt(present, "requests", resources.requests),
      limits: spelt(present, "limits", resources.limits),
    },
    securityContext: securityContext(pod, plan, settings),
    volumeMounts: [
      { name: INJECTOR_VOLUME, mountPath: MOUNT_PATH },
      ...(present?.volumeMounts.filter(({ name }) => name !== INJECTOR_VOLUME) ?? []),
    ],
  };
}

/** The amounts, each as it is written already where that says the same: the API server spells them its own way. */
function spelt(present: Container | undefined, kind: "requests" | "limits", amounts: JsonObject): JsonObject {
  const resources = present === undefined ? undefined : own(present.json, "resources");
  const before = isJsonObject(resources) ? own(resources, kind) : undefined;
  if (!isJsonObject(before)) return amounts;
  const entries = Object.entries(amounts).map(([name, amount]) => {
    const written = own(before, name);
    const isSame =
      typeof written === "string" && typeof amount === "string" && isSameQuantity(written, amount);
    return [name, isSame ? written : amount] as const;
  });
  return Object.fromEntries(entries);
}

/** Any user but root; the injector's image has it too. */
const NON_ROOT = 65532;

/** Within the "restricted" Pod Security Standard, and otherwise as the Pod has it. */
function securityContext(pod: Pod, plan: Plan, settings: Settings): JsonObject {
  return {
    allowPrivilegeEscalation: settings["piggy-psp-allow-privilege-escalation"],
    capabilities: { drop: ["ALL"] },
    privileged: false,
    readOnlyRootFilesystem: true,
    // An older injector's image may have no user of its own, and would then not start.
    ...(plan.injector.isOurs || isNonRootByContainer(pod) ? { runAsNonRoot: true } : {}),
    // Only where the Pod says root: elsewhere its own user, or its namespace's range, is right.
    ...(pod.runAsUser === 0 ? { runAsUser: NON_ROOT } : {}),
    // A profile of the Pod's own is for all its containers.
    ...(pod.seccompProfile === "Localhost" ? {} : { seccompProfile: { type: "RuntimeDefault" } }),
  };
}

/**
 * Whether each of the Pod's containers says for itself that it is not root: then the Pod may stand under a policy
 * that wants it of every container, and one without it would have the Pod refused.
 */
function isNonRootByContainer(pod: Pod): boolean {
  return ownContainers(pod).every(({ json }) => {
    const context = own(json, "securityContext");
    return isJsonObject(context) && own(context, "runAsNonRoot") === true;
  });
}
