/** Which Pods are looked at. Most of a cluster's ask nothing of us. */
import type { Pod } from "../pod.ts";
import type { SettingName } from "../settings.ts";

/** What a Pod is looked at for, by itself or by the webhook's environment. */
export const LOOKED_AT_FOR = ["aws-secret-name", "aws-ssm-parameter-path", "piggy-address"] as const;

/** Whether a Pod may hold references at all: one of these is given, be it readable or not. */
export function isLookedAt(given: ReadonlySet<SettingName>): boolean {
  return LOOKED_AT_FOR.some((name) => given.has(name));
}

/** Whether the Pod is the API server's picture of a static one, which the kubelet runs from its own file. */
export function isMirrorPod({ annotations }: Pod): boolean {
  return Object.hasOwn(annotations, "kubernetes.io/config.mirror");
}
