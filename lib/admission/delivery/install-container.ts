/** The init container that copies the injector into its volume, from the injector's own image. */
import { type JsonObject, objectOf, own } from "../../json.ts";
import type { Container, Pod } from "../../pod.ts";
import { isSameQuantity } from "../../quantity.ts";
import type { Settings } from "../../settings.ts";
import type { Plan } from "../plan.ts";
import {
  INJECTOR_VOLUME,
  INSTALL_CONTAINER,
  isInstallContainer,
  MOUNT_PATH,
  pullPolicy,
} from "./injector-volume.ts";
import { installResources } from "./install-resources.ts";
import { installSecurityContext } from "./install-security-context.ts";

const ARGS = ["install", MOUNT_PATH.replace(/\/$/, "")];

/**
 * As it should be; what is there of an earlier admission is brought to that, with what the API server and its plugins
 * filled in.
 */
export function installContainer(pod: Pod, plan: Plan, settings: Settings): JsonObject {
  const present = pod.initContainers.find(isInstallContainer);
  const resources = partOf(present, "resources");
  const amounts = installResources(pod, settings);
  return {
    ...present?.json,
    name: INSTALL_CONTAINER,
    image: plan.injector.image,
    imagePullPolicy: pullPolicy(present?.imagePullPolicy, settings),
    args: ARGS,
    resources: {
      ...resources,
      requests: withAmounts(objectOf(own(resources, "requests")), amounts.requests),
      limits: withAmounts(objectOf(own(resources, "limits")), amounts.limits),
    },
    securityContext: installSecurityContext(partOf(present, "securityContext"), pod, plan, settings),
    volumeMounts: [
      { name: INJECTOR_VOLUME, mountPath: MOUNT_PATH },
      ...(present?.volumeMounts.filter(({ name }) => name !== INJECTOR_VOLUME) ?? []),
    ],
  };
}

function partOf(present: Container | undefined, field: string): JsonObject {
  return present === undefined ? {} : objectOf(own(present.json, field));
}

/**
 * What is there with our amounts in it, each as it is written already where that says the same: the API server spells
 * them its own way. Those of other names are a LimitRange's.
 */
function withAmounts(before: JsonObject, amounts: JsonObject): JsonObject {
  const entries = Object.entries(amounts).map(([name, amount]) => {
    const written = own(before, name);
    const isSame =
      typeof written === "string" && typeof amount === "string" && isSameQuantity(written, amount);
    return [name, isSame ? written : amount] as const;
  });
  return { ...before, ...Object.fromEntries(entries) };
}
