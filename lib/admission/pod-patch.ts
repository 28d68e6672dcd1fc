/** The patch that makes a Pod what was decided about its containers, with all that has to be known for that. */
import type { Pod } from "../pod.ts";
import type { Settings } from "../settings.ts";
import type { Decision } from "./decide.ts";
import { chooseDelivery, type Delivery } from "./delivery.ts";
import { diff, type Operation } from "./json-patch.ts";
import { type Plan, planInjection } from "./plan.ts";
import { rewritePod } from "./rewrite.ts";
import { refuseUnservable } from "./unservable.ts";
import type { AdmissionWorld } from "./world.ts";

export interface Decided {
  readonly pod: Pod;
  readonly namespace: string;
  readonly settings: Settings;
  /** At least one of them is not to leave its container. */
  readonly decisions: readonly Decision[];
}

export interface PodPatch {
  readonly operations: readonly Operation[];
  readonly mode: Plan["mode"];
  readonly delivery: Delivery["by"];
  readonly warnings: readonly string[];
}

/**
 * @throws PiggyError `injection_impossible`, `region_invalid`, `delivery_impossible`, `reference_invalid`,
 * `reference_embedded`, `name_taken`, `path_taken`
 */
export function patchFor(
  { pod, namespace, settings, decisions }: Decided,
  { webhook, imageVolumes, newUid }: Pick<AdmissionWorld, "webhook" | "imageVolumes" | "newUid">,
): PodPatch {
  const plan = planInjection({ pod, namespace, needsStore: decisions.some(needsStore) }, settings, webhook);
  for (const decision of decisions) refuseUnservable(decision, plan);
  const delivery = chooseDelivery(pod, settings, plan, imageVolumes());
  const rewritten = rewritePod({ pod, settings, plan, deliverBy: delivery.by, decisions, newUid });
  return {
    operations: diff(pod.json, rewritten),
    mode: plan.mode,
    delivery: delivery.by,
    warnings: [...plan.warnings, ...delivery.warnings],
  };
}

/** Whether there is, or may be, a reference to what the Pod is given. */
function needsStore({ environment: { entries, unseen } }: Decision): boolean {
  return entries.areBesideKeys || unseen.length > 0;
}
