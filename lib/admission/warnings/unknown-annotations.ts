/** Annotations that begin like ours and are none of them: a misspelt wish would silently be no wish. */
import { LONGEST_NAME, nearestNames } from "../../nearest-names.ts";
import {
  ANNOTATION_PREFIX,
  annotationName,
  environmentName,
  settingNames,
  settingNamesFrom,
} from "../../settings.ts";

/** Whoever has more of them does not mean us, and every one is compared with every setting. */
const MOST = 8;

/** One sentence for each, with the nearest name that there is. */
export function unknownAnnotations(annotations: Readonly<Record<string, string>>): readonly string[] {
  const unknown = Object.keys(annotations).filter(
    (name) => name.startsWith(ANNOTATION_PREFIX) && !KNOWN.has(name),
  );
  return unknown.slice(0, MOST).map((annotation) => {
    const name = annotation.slice(ANNOTATION_PREFIX.length);
    const shown = JSON.stringify(annotation.slice(0, ANNOTATION_PREFIX.length + LONGEST_NAME));
    const variable = WEBHOOK_VARIABLES.get(annotation);
    if (variable !== undefined) return `${annotation}: without effect, ${variable} is set on piggy-webhooks`;
    const [nearest] = nearestNames(name, FOR_PODS, 1);
    return nearest === undefined
      ? `no setting of a Pod's is called ${shown}`
      : `no setting of a Pod's is called ${shown}: ${nearest}?`;
  });
}

const FOR_PODS = settingNamesFrom("annotation");
const KNOWN: ReadonlySet<string> = new Set(FOR_PODS.map(annotationName));
/** Settings that are the operator's alone, by the annotation that they would have. */
const WEBHOOK_VARIABLES: ReadonlyMap<string, string> = new Map(
  settingNames
    .filter((name) => !KNOWN.has(annotationName(name)))
    .map((name) => [annotationName(name), environmentName(name)]),
);
