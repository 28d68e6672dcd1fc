/** Updates of a Pod. Its containers cannot be changed any more, but ephemeral ones can join them. */
import type { Deadline } from "../deadline.ts";
import { isJsonObject, type JsonValue, own } from "../json.ts";
import { type Container, parseContainers } from "../pod.ts";
import { readSettings } from "../read-settings.ts";
import { annotationsOf } from "./annotations.ts";
import { allowanceOfPod } from "./environment/inline.ts";
import { type ReadObject, readOnce } from "./environment/objects.ts";
import { leftOutEnvironment } from "./environment.ts";
import { isLookedAt } from "./looked-at.ts";
import type { AdmissionRequest } from "./review.ts";
import type { Webhook } from "./webhook.ts";

/**
 * A sentence for each new ephemeral container that holds a reference. It is not wrapped: the volume that the injector
 * comes in cannot be added to a Pod that is there. Nothing here throws; whoever debugs a Pod is not to be kept from it.
 */
export async function updateWarnings(
  request: AdmissionRequest,
  { webhook, readObject }: { readonly webhook: Webhook; readonly readObject: ReadObject },
  deadline: Deadline,
): Promise<readonly string[]> {
  const annotations = annotationsOf(request.object);
  const { given } = readSettings({ annotations, environment: webhook.environment });
  if (!isLookedAt(given)) return [];
  const before = new Set(ephemeralContainers(request.oldObject).map(({ name }) => name));
  const added = ephemeralContainers(request.object).filter(({ name }) => !before.has(name));
  const read = readOnce(readObject, request.namespace || "default", deadline);
  const allowance = allowanceOfPod();
  const environments = await Promise.all(
    added.map((container) => leftOutEnvironment(container, annotations, read, allowance)),
  );
  return added.flatMap(({ name }, index) =>
    environments[index]?.holdsReference
      ? [`ephemeral container ${name}: its references stay text, piggy-env cannot stand in front of it`]
      : [],
  );
}

function ephemeralContainers(object: JsonValue): readonly Container[] {
  const spec = isJsonObject(object) ? own(object, "spec") : undefined;
  if (!isJsonObject(spec)) return [];
  try {
    return parseContainers(spec, "ephemeralContainers");
  } catch {
    // What is wrong with it is the API server's to say.
    return [];
  }
}
