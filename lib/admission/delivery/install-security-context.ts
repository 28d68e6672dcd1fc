/**
 * The install container's security context: within the "restricted" Pod Security Standard, and otherwise as the Pod has
 * it. What others filled in between our passes stays, for nobody would fill it in again: OpenShift gives each container
 * a user of its namespace's range, and refuses a Pod in which one has none.
 * Source: OpenShift documentation, "Managing security context constraints".
 */
import { isJsonObject, type JsonObject, objectOf, own, stringsOf } from "../../json.ts";
import type { Pod } from "../../pod.ts";
import type { Settings } from "../../settings.ts";
import { ownContainers } from "../own-containers.ts";
import type { Plan } from "../plan.ts";

/** @param present what stands there of an earlier admission */
export function installSecurityContext(
  present: JsonObject,
  pod: Pod,
  plan: Plan,
  settings: Settings,
): JsonObject {
  const { capabilities } = present;
  return {
    ...withoutOurs(present),
    allowPrivilegeEscalation: settings["piggy-psp-allow-privilege-escalation"],
    capabilities: { ...objectOf(capabilities), drop: withAll(stringsOf(objectOf(capabilities)["drop"])) },
    privileged: false,
    readOnlyRootFilesystem: true,
    // An older injector's image may have no user of its own, and would then not start.
    ...(plan.injector.isOurs || isNonRootByContainer(pod) ? NON_ROOT : {}),
    // Only where the Pod says root: elsewhere its own user, or its namespace's range, is right.
    ...(pod.runAsUser === 0 ? USER : {}),
    // A profile of the Pod's own is for all its containers.
    ...(pod.seccompProfile === "Localhost" ? {} : SECCOMP),
  };
}

const NON_ROOT = { runAsNonRoot: true };
/** Any user but root; the injector's image has it too. */
const USER = { runAsUser: 65532 };
const SECCOMP = { seccompProfile: { type: "RuntimeDefault" } };

/** What an earlier pass may have written for a Pod that was another then. */
const PERHAPS: JsonObject = { ...NON_ROOT, ...USER, ...SECCOMP };

function withoutOurs(present: JsonObject): JsonObject {
  const others = Object.entries(present).filter(
    ([name, value]) => !Bun.deepEquals(value, own(PERHAPS, name)),
  );
  return Object.fromEntries(others);
}

function withAll(dropped: readonly string[]): readonly string[] {
  return dropped.includes("ALL") ? dropped : [...dropped, "ALL"];
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
