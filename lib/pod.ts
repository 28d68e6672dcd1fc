/**
 * The parts of a Pod that we read, checked as they are read. Each part keeps the JSON that it came as, so that what
 * we do not know is carried through untouched. Source: Kubernetes API reference, Pod v1 core.
 */
import { type JsonObject, type JsonValue, own } from "./json.ts";
import { ARCHITECTURE_LABEL, requiredArchitecture } from "./node-affinity.ts";
import {
  inWords,
  listOf,
  NOTHING,
  objectAt,
  objectIn,
  optionalObject,
  optionalString,
  stringIn,
  stringMap,
} from "./pod-field.ts";

export interface Pod {
  readonly json: JsonObject;
  readonly name: string | undefined;
  /** What the API server will make a name of, where there is none yet. */
  readonly generateName: string | undefined;
  readonly uid: string | undefined;
  readonly namespace: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  readonly phase: string | undefined;
  readonly runAsUser: number | undefined;
  /** The type of the seccomp profile that its containers have where they name none. */
  readonly seccompProfile: string | undefined;
  /** The RuntimeClass, where it is not the cluster's usual runtime. */
  readonly runtimeClass: string | undefined;
  readonly scheduler: string | undefined;
  /** False when Service variables are not given to the containers. */
  readonly serviceLinks: boolean;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** What its nodes run, such as `linux` or `windows`, where the Pod says so. */
  readonly os: string | undefined;
  /** GOARCH of its nodes, where the Pod says so, by its nodeSelector or by the affinity that it requires. */
  readonly architecture: string | undefined;
  readonly imagePullSecrets: readonly string[];
  readonly volumes: readonly JsonObject[];
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}

export interface Container {
  readonly json: JsonObject;
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string | undefined;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly envFrom: readonly EnvFromSource[];
  readonly volumeMounts: readonly JsonObject[];
}

export interface ObjectName {
  readonly kind: "ConfigMap" | "Secret";
  readonly name: string;
}

export interface ObjectSource {
  readonly object: ObjectName;
  readonly optional: boolean;
}

/** A file in a volume, from which the kubelet takes a value when the container starts: others may write it until then. */
export interface EnvFile {
  readonly kind: "file";
  readonly name: string;
}

export interface EnvVar {
  readonly json: JsonObject;
  readonly name: string;
  /** The literal value; undefined when it comes from elsewhere. */
  readonly value: string | undefined;
  /** The ConfigMap or Secret key that it comes from. */
  readonly from: (ObjectSource & { readonly key: string }) | undefined;
  readonly fromFile: { readonly file: EnvFile; readonly optional: boolean } | undefined;
  /** The key of the Pod's annotation that it is a copy of. */
  readonly annotation: string | undefined;
}

export interface EnvFromSource extends ObjectSource {
  readonly prefix: string;
}

const OS_LABEL = "kubernetes.io/os";

/**
 * Reads a Pod.
 * @throws PiggyError `pod_invalid`, naming the field that is not what the API says it is.
 */
export function parsePod(value: unknown): Pod {
  return inWords(() => readPod(objectAt(value, "Pod")));
}

/**
 * The containers of one of a Pod spec's lists.
 * @throws PiggyError `pod_invalid`
 */
export function parseContainers(
  spec: JsonObject,
  field: "initContainers" | "containers" | "ephemeralContainers",
): readonly Container[] {
  return inWords(() => readContainers(spec, field));
}

function readPod(json: JsonObject): Pod {
  const metadata = optionalObject(json, "metadata", "");
  const spec = objectAt(json["spec"], "spec");
  const securityContext = optionalObject(spec, "securityContext", "spec.");
  const runAsUser = own(securityContext, "runAsUser");
  const seccompProfile = optionalObject(securityContext, "seccompProfile", "spec.securityContext.");
  const nodeSelector = stringMap(spec, "nodeSelector", "spec.");
  return {
    json,
    name: optionalString(metadata, "name", "metadata."),
    generateName: optionalString(metadata, "generateName", "metadata."),
    uid: optionalString(metadata, "uid", "metadata."),
    namespace: optionalString(metadata, "namespace", "metadata."),
    annotations: stringMap(metadata, "annotations", "metadata."),
    // An older client may still set the deprecated field alone.
    serviceAccount:
      optionalString(spec, "serviceAccountName", "spec.") ||
      optionalString(spec, "serviceAccount", "spec.") ||
      "default",
    phase: optionalString(optionalObject(json, "status", ""), "phase", "status."),
    runAsUser: typeof runAsUser === "number" ? runAsUser : undefined,
    seccompProfile: optionalString(seccompProfile, "type", "spec.securityContext.seccompProfile."),
    runtimeClass: optionalString(spec, "runtimeClassName", "spec.") || undefined,
    scheduler: optionalString(spec, "schedulerName", "spec."),
    serviceLinks: own(spec, "enableServiceLinks") !== false,
    nodeSelector,
    os: optionalString(optionalObject(spec, "os", "spec."), "name", "spec.os.") || nodeSelector[OS_LABEL],
    architecture: nodeSelector[ARCHITECTURE_LABEL] ?? requiredArchitecture(spec),
    imagePullSecrets: listOf(spec, "imagePullSecrets", "spec.", readName).filter(
      (name) => name !== undefined,
    ),
    volumes: listOf(spec, "volumes", "spec.", objectIn),
    initContainers: readContainers(spec, "initContainers"),
    containers: readContainers(spec, "containers"),
  };
}

function readContainers(spec: JsonObject, field: string): readonly Container[] {
  return listOf(spec, field, "spec.", readContainer);
}

function readContainer(value: JsonValue): Container {
  const json = objectIn(value);
  return {
    json,
    name: optionalString(json, "name", "") ?? "",
    image: optionalString(json, "image", "") ?? "",
    imagePullPolicy: optionalString(json, "imagePullPolicy", ""),
    command: listOf(json, "command", "", stringIn),
    args: listOf(json, "args", "", stringIn),
    env: listOf(json, "env", "", readEnvVar),
    envFrom: listOf(json, "envFrom", "", readEnvFrom).filter((source) => source !== undefined),
    volumeMounts: listOf(json, "volumeMounts", "", objectIn),
  };
}

function readEnvVar(value: JsonValue): EnvVar {
  const json = objectIn(value);
  const name = optionalString(json, "name", "") ?? "";
  const valueFrom = optionalObject(json, "valueFrom", "");
  if (valueFrom === NOTHING || Object.keys(valueFrom).length === 0) {
    const literal = optionalString(json, "value", "") ?? "";
    return { json, name, value: literal, from: undefined, fromFile: undefined, annotation: undefined };
  }
  return {
    json,
    name,
    value: undefined,
    from:
      objectSource(valueFrom, "configMapKeyRef", "ConfigMap", "valueFrom.") ??
      objectSource(valueFrom, "secretKeyRef", "Secret", "valueFrom."),
    fromFile: fileSource(valueFrom),
    annotation: annotationOf(optionalObject(valueFrom, "fieldRef", "valueFrom.")),
  };
}

const ANNOTATION_PATH = "metadata.annotations['";

/** Source: Kubernetes, pkg/fieldpath, SplitMaybeSubscriptedPath. */
function annotationOf(fieldRef: JsonObject): string | undefined {
  const fieldPath = own(fieldRef, "fieldPath");
  if (typeof fieldPath !== "string" || !fieldPath.startsWith(ANNOTATION_PATH) || !fieldPath.endsWith("']")) {
    return undefined;
  }
  return fieldPath.slice(ANNOTATION_PATH.length, -2);
}

function readEnvFrom(value: JsonValue): EnvFromSource | undefined {
  const json = objectIn(value);
  const prefix = optionalString(json, "prefix", "") ?? "";
  const source =
    objectSource(json, "configMapRef", "ConfigMap", "") ?? objectSource(json, "secretRef", "Secret", "");
  return source && { object: source.object, optional: source.optional, prefix };
}

function objectSource(parent: JsonObject, field: string, kind: ObjectName["kind"], at: string) {
  const json = optionalObject(parent, field, at);
  if (json === NOTHING) return undefined;
  const name = optionalString(json, "name", `${at}${field}.`) ?? "";
  const key = optionalString(json, "key", `${at}${field}.`) ?? "";
  return { object: { kind, name }, key, optional: own(json, "optional") === true };
}

/** Source: Kubernetes API reference, FileKeySelector v1 core. */
function fileSource(valueFrom: JsonObject): EnvVar["fromFile"] {
  const at = "valueFrom.fileKeyRef.";
  const json = optionalObject(valueFrom, "fileKeyRef", "valueFrom.");
  if (json === NOTHING) return undefined;
  const path = optionalString(json, "path", at) ?? "";
  const volume = optionalString(json, "volumeName", at) ?? "";
  const file = { kind: "file", name: `${path} of volume ${volume}` } as const;
  return { file, optional: own(json, "optional") === true };
}

function readName(value: JsonValue): string | undefined {
  return optionalString(objectIn(value), "name", "");
}
