/**
 * Which nodes a Pod's affinity leaves. Source: Kubernetes API reference, NodeSelector v1 core: of its terms one must
 * hold, of a term's expressions all.
 */
import { isJsonObject, type JsonObject, objectOf, objectsOf, own, stringsOf } from "./json.ts";

export const ARCHITECTURE_LABEL = "kubernetes.io/arch";

/** The GOARCH of all the nodes that a Pod's spec requires by its affinity; undefined where they may differ. */
export function requiredArchitecture(spec: JsonObject): string | undefined {
  const affinity = own(spec, "affinity");
  if (!isJsonObject(affinity)) return undefined;
  const { requiredDuringSchedulingIgnoredDuringExecution: required } = objectOf(affinity["nodeAffinity"]);
  const [first, ...others] = objectsOf(objectOf(required)["nodeSelectorTerms"]).map(architectureOf);
  return others.every((other) => other === first) ? first : undefined;
}

function architectureOf({ matchExpressions }: JsonObject): string | undefined {
  const values = objectsOf(matchExpressions)
    .filter(({ key, operator }) => key === ARCHITECTURE_LABEL && operator === "In")
    .map((expression) => stringsOf(expression["values"]));
  return values.find(({ length }) => length === 1)?.[0];
}
