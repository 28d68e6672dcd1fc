/** Which way the injector gets into a Pod: copied by an init container, or as a volume that is its image. */
import { PiggyError } from "../error.ts";
import type { Pod } from "../pod.ts";
import { annotationName, environmentName, type Settings } from "../settings.ts";
import type { ImageVolumes } from "./delivery/image-volume-memory.ts";
import type { Plan } from "./plan.ts";

export interface Delivery {
  readonly by: "init" | "image";
  readonly warnings: readonly string[];
}

const SETTING = "piggy-delivery";

/** EKS names it in each Pod that it is to run on Fargate. */
const FARGATE_SCHEDULER = "fargate-scheduler";

/**
 * @throws PiggyError `delivery_impossible` when an image volume is asked for and the cluster is known not to have them.
 */
export function chooseDelivery(pod: Pod, settings: Settings, plan: Plan, known: ImageVolumes): Delivery {
  switch (settings[SETTING]) {
    case "init":
      return { by: "init", warnings: [] };
    case "image":
      return { by: "image", warnings: forced(plan, known) };
    default:
      return { by: isSure(pod, plan, known) ? "image" : "init", warnings: [] };
  }
}

/** Another runtime may be a virtual machine, and another injector's image need not hold it at its root. */
function isSure(pod: Pod, { injector }: Plan, { verdict, isSettled }: ImageVolumes): boolean {
  return (
    verdict === "able" &&
    isSettled &&
    injector.isOurs &&
    pod.runtimeClass === undefined &&
    pod.scheduler !== FARGATE_SCHEDULER
  );
}

function forced({ injector }: Plan, known: ImageVolumes): readonly string[] {
  if (known.verdict === "unable") {
    throw new PiggyError(
      "delivery_impossible",
      `${annotationName(SETTING)} is image, and the cluster has no image volumes on every node: ${known.reason}. ` +
        `Set it, or ${environmentName(SETTING)} on piggy-webhooks, to auto or init`,
    );
  }
  const image = annotationName(SETTING);
  return [
    ...(known.verdict === "unknown"
      ? [`${image}: whether nodes mount images is not known: ${known.reason}`]
      : []),
    ...(injector.isOurs ? [] : [`${image}: ${injector.image} has to hold piggy-env at its root`]),
  ];
}
