/**
 * What a review tells before it is parsed. Most Pods of a cluster ask nothing of us, and to parse one, half of it its
 * managedFields, costs more than everything else about it.
 */
import { readSettings } from "../read-settings.ts";
import { ANNOTATION_PREFIX, type Environment } from "../settings.ts";
import { isLookedAt } from "./looked-at.ts";

/** As API servers begin a review of a Pod: Go writes the fields of a type in their order. */
const BEGINNING =
  /^\{"kind":"AdmissionReview","apiVersion":"admission\.k8s\.io\/v1","request":\{"uid":"([^"\\]{1,100})","kind":\{"group":"","version":"v1","kind":"Pod"\},/;

/**
 * The uid of a review whose Pod cannot ask anything of us: our annotations' prefix is nowhere in it, neither as it is
 * nor with an escaped character, and no default of the webhook's makes every Pod one that we look at. Undefined for
 * every other body, which is then to be parsed.
 */
export function uidOfUnconcerned(body: string, environment: Environment): string | undefined {
  if (body.indexOf(ANNOTATION_PREFIX) >= 0 || isEveryPodLookedAt(environment)) return undefined;
  if (body.indexOf("\\u00") >= 0 || body.indexOf("\\/") >= 0) return undefined;
  // One that was cut off is to be answered as such.
  if (!body.endsWith("}\n") && !body.endsWith("}")) return undefined;
  return BEGINNING.exec(body)?.[1];
}

const answers = new WeakMap<Environment, boolean>();

function isEveryPodLookedAt(environment: Environment): boolean {
  const known = answers.get(environment);
  if (known !== undefined) return known;
  const answer = isLookedAt(readSettings({ annotations: {}, environment }).given);
  answers.set(environment, answer);
  return answer;
}
