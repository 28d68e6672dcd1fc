/**
 * The parts of a Pod that we read, checked as they are read. Each part keeps the JSON that it came as, so that what
 * we do not know is carried through untouched. Source: Kubernetes API reference, Pod v1 core.
 */
import { PiggyError } from "./error.ts";
import { holdsStrings, isJsonObject, type JsonObject, type JsonValue, own } from "./json.ts";

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

export interface EnvVar {
  readonly json: JsonObject;
  readonly name: string;
  /** The literal value; undefined when it comes from elsewhere. */
  readonly value: string | undefined;
  /** The ConfigMap or Secret key that it comes from. */
  readonly from: (ObjectSource & { readonly key: string }) | undefined;
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
  const json = objectAt(value, "Pod");
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
    imagePullSecrets: list(spec, "imagePullSecrets", "spec.").flatMap((entry, index) => {
      const at = `spec.imagePullSecrets[${index}]`;
      return optionalString(objectAt(entry, at), "name", `${at}.`) ?? [];
    }),
    volumes: objects(spec, "volumes", "spec."),
    initContainers: parseContainers(spec, "initContainers"),
    containers: parseContainers(spec, "containers"),
  };
}

/**
 * The containers of one of a Pod spec's lists.
 * @throws PiggyError `pod_invalid`
 */
export function parseContainers(
  spec: JsonObject,
  field: "initContainers" | "containers" | "ephemeralContainers",
): readonly Container[] {
  return list(spec, field, "spec.").map((entry, index) => parseContainer(entry, `spec.${field}[${index}]`));
}

function parseContainer(value: JsonValue, at: string): Container {
  const json = objectAt(value, at);
  return {
    json,
    name: optionalString(json, "name", `${at}.`) ?? "",
    image: optionalString(json, "image", `${at}.`) ?? "",
    imagePullPolicy: optionalString(json, "imagePullPolicy", `${at}.`),
    command: strings(json, "command", `${at}.`),
    args: strings(json, "args", `${at}.`),
    env: list(json, "env", `${at}.`).map((entry, index) => parseEnvVar(entry, `${at}.env[${index}]`)),
    envFrom: list(json, "envFrom", `${at}.`).flatMap((entry, index) =>
      parseEnvFrom(entry, `${at}.envFrom[${index}]`),
    ),
    volumeMounts: objects(json, "volumeMounts", `${at}.`),
  };
}

function parseEnvVar(value: JsonValue, at: string): EnvVar {
  const json = objectAt(value, at);
  const valueFrom = optionalObject(json, "valueFrom", `${at}.`);
  const configMap = objectSource(valueFrom, "configMapKeyRef", "ConfigMap", `${at}.valueFrom.`);
  const secret = objectSource(valueFrom, "secretKeyRef", "Secret", `${at}.valueFrom.`);
  const isFromElsewhere = Object.keys(valueFrom).length > 0;
  return {
    json,
    name: optionalString(json, "name", `${at}.`) ?? "",
    value: isFromElsewhere ? undefined : (optionalString(json, "value", `${at}.`) ?? ""),
    from: configMap ?? secret,
    annotation: annotationOf(optionalObject(valueFrom, "fieldRef", `${at}.valueFrom.`)),
  };
}

const ANNOTATION_PATH = "metadata.annotations['";

/** Source: Kubernetes, pkg/fieldpath, SplitMaybeSubscriptedPath. */
function annotationOf(fieldRef: JsonObject): string | undefined {
  const path = own(fieldRef, "fieldPath");
  if (typeof path !== "string" || !path.startsWith(ANNOTATION_PATH) || !path.endsWith("']")) return undefined;
  return path.slice(ANNOTATION_PATH.length, -2);
}

function parseEnvFrom(value: JsonValue, at: string): readonly EnvFromSource[] {
  const json = objectAt(value, at);
  const prefix = optionalString(json, "prefix", `${at}.`) ?? "";
  const source =
    objectSource(json, "configMapRef", "ConfigMap", `${at}.`) ??
    objectSource(json, "secretRef", "Secret", `${at}.`);
  return source === undefined ? [] : [{ object: source.object, optional: source.optional, prefix }];
}

function objectSource(parent: JsonObject, field: string, kind: ObjectName["kind"], at: string) {
  const value = own(parent, field);
  if (value === undefined || value === null) return undefined;
  const json = objectAt(value, at + field);
  const name = optionalString(json, "name", `${at}${field}.`) ?? "";
  const key = optionalString(json, "key", `${at}${field}.`) ?? "";
  return { object: { kind, name }, key, optional: own(json, "optional") === true };
}

function objectAt(value: unknown, at: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw new PiggyError("pod_invalid", `${at} is not an object`);
}

function optionalObject(parent: JsonObject, field: string, at: string): JsonObject {
  const value = own(parent, field);
  return value === undefined || value === null ? {} : objectAt(value, at + field);
}

function optionalString(parent: JsonObject, field: string, at: string): string | undefined {
  const value = own(parent, field);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new PiggyError("pod_invalid", `${at}${field} is not a string`);
}

function list(parent: JsonObject, field: string, at: string): readonly JsonValue[] {
  const value = own(parent, field);
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new PiggyError("pod_invalid", `${at}${field} is not a list`);
}

function objects(parent: JsonObject, field: string, at: string): readonly JsonObject[] {
  return list(parent, field, at).map((entry, index) => objectAt(entry, `${at}${field}[${index}]`));
}

function strings(parent: JsonObject, field: string, at: string): readonly string[] {
  return list(parent, field, at).map((entry, index) => {
    if (typeof entry === "string") return entry;
    throw new PiggyError("pod_invalid", `${at}${field}[${index}] is not a string`);
  });
}

function stringMap(parent: JsonObject, field: string, at: string): Readonly<Record<string, string>> {
  const map = optionalObject(parent, field, at);
  if (holdsStrings(map)) return map;
  const key = Object.keys(map).find((name) => typeof map[name] !== "string");
  throw new PiggyError("pod_invalid", `${at}${field}[${JSON.stringify(key)}] is not a string`);
}
