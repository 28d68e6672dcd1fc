/** The Pods that manifests would make, and the objects beside them that those Pods name. */
import { PiggyError } from "../error.ts";
import { isJsonObject, type JsonObject, type JsonValue, objectOf, own, stringOf } from "../json.ts";
import { parseYaml } from "../yaml.ts";

/** What a manifest is called by, and where it stands. */
export interface Place {
  /** File and line. */
  readonly source: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface PodManifest extends Place {
  /** As the API server would get it, by a controller's hand where the kind is not Pod. */
  readonly pod: JsonObject;
  /** The template's path, where the kind is none that we know and its shape told. */
  readonly byShape: string | undefined;
}

export interface Manifests {
  readonly pods: readonly PodManifest[];
  /** ConfigMaps and Secrets. */
  readonly objects: readonly (Place & { readonly object: JsonObject })[];
  /** What makes no Pod. */
  readonly aside: readonly Place[];
}

/** Where the kinds of Kubernetes' own keep their Pod template. Source: Kubernetes API reference, workload resources. */
const TEMPLATES: Readonly<Record<string, string>> = {
  Deployment: "spec.template",
  StatefulSet: "spec.template",
  DaemonSet: "spec.template",
  ReplicaSet: "spec.template",
  ReplicationController: "spec.template",
  Job: "spec.template",
  CronJob: "spec.jobTemplate.spec.template",
  PodTemplate: "template",
};

/** Where other projects' kinds keep it: Rollouts, Knative Services and their like. */
const SHAPES = ["spec.template", "spec.jobTemplate.spec.template", "template"] as const;

/** Lists within lists are nobody's manifest. */
const DEEPEST_LIST = 8;

/**
 * @param namespace of objects that name none
 * @throws PiggyError `manifest_invalid`
 */
export function readManifests(text: string, from: string, namespace: string): Manifests {
  const documents = parseYaml(text, from, "manifest_invalid");
  const objects = documents.flatMap(({ value, line }) => itemsOf(value, `${from}:${line}`, 0));
  const pods: PodManifest[] = [];
  const data: (Place & { readonly object: JsonObject })[] = [];
  const aside: Place[] = [];
  for (const { object, source } of objects) {
    const place = placeOf(object, source, namespace);
    const pod = podOf(object, place);
    if (pod !== undefined) pods.push(pod);
    else if (place.kind === "ConfigMap" || place.kind === "Secret") data.push({ ...place, object });
    else aside.push(place);
  }
  return { pods, objects: data, aside };
}

interface Item {
  readonly object: JsonObject;
  readonly source: string;
}

/** A List's items, or the object itself. */
function itemsOf(value: JsonValue, source: string, depth: number): readonly Item[] {
  if (!isJsonObject(value)) throw invalid(source, "no object with apiVersion and kind");
  const kind = own(value, "kind");
  if (typeof kind !== "string" || kind === "") throw invalid(source, "no kind");
  if (typeof own(value, "apiVersion") !== "string") throw invalid(source, "no apiVersion");
  const items = own(value, "items");
  if (!kind.endsWith("List") || !Array.isArray(items)) return [{ object: value, source }];
  if (depth >= DEEPEST_LIST) throw invalid(source, `Lists nest deeper than ${DEEPEST_LIST}`);
  return items.flatMap((item, index) => itemsOf(item, `${source}, items[${index}]`, depth + 1));
}

function invalid(source: string, what: string): PiggyError {
  return new PiggyError("manifest_invalid", `${source}: it is no Kubernetes manifest: ${what}`);
}

function placeOf(object: JsonObject, source: string, namespace: string): Place {
  const metadata = objectIn(object, "metadata");
  const text = (field: string) => stringOf(own(metadata, field)) ?? "";
  const name = text("name") || (text("generateName") ? `${text("generateName")}*` : "");
  return { source, kind: String(object["kind"]), namespace: text("namespace") || namespace, name };
}

function podOf(object: JsonObject, place: Place): PodManifest | undefined {
  if (place.kind === "Pod") return { ...place, pod: object, byShape: undefined };
  const known = Object.hasOwn(TEMPLATES, place.kind) ? TEMPLATES[place.kind] : undefined;
  if (known !== undefined) {
    const template = at(object, known);
    if (!isTemplate(template))
      throw invalid(place.source, `a ${place.kind} without ${known}.spec.containers`);
    return { ...place, pod: podFrom(template, place), byShape: undefined };
  }
  const shape = SHAPES.find((path) => isTemplate(at(object, path)));
  const template = shape === undefined ? undefined : at(object, shape);
  return isTemplate(template) ? { ...place, pod: podFrom(template, place), byShape: shape } : undefined;
}

function at(object: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const field of path.split(".")) value = isJsonObject(value) ? own(value, field) : undefined;
  return value;
}

function isTemplate(value: JsonValue | undefined): value is JsonObject {
  return isJsonObject(value) && Array.isArray(own(objectIn(value, "spec"), "containers"));
}

/** As a controller makes it of its template. */
function podFrom(template: JsonObject, { namespace, name }: Place): JsonObject {
  const metadata = { generateName: `${name}-`, namespace, ...objectIn(template, "metadata") };
  return { apiVersion: "v1", kind: "Pod", ...template, metadata };
}

function objectIn(parent: JsonObject, field: string): JsonObject {
  return objectOf(own(parent, field));
}
