import type { Container, EnvFromSource, EnvVar } from "../kubernetes/pod.ts";
import { ContainerError } from "./container-error.ts";
import { expand } from "./expansion.ts";

/** What the Pod's environment is made of beside the container itself. */
export interface Sources {
  /** Decoded; undefined for an object that is not there. */
  data(kind: "ConfigMap" | "Secret", name: string): ReadonlyMap<string, string> | undefined;
  field(path: string): string;
  /** The variables of Services. */
  readonly services: ReadonlyMap<string, string>;
}

/** The environment that the kubelet's makeEnvironmentVariables builds; the image's ENV is no part of it. */
export function containerEnvironment(container: Container, sources: Sources): Map<string, string> {
  const environment = new Map<string, string>();
  for (const source of container.envFrom ?? []) {
    for (const [name, value] of fromObject(source, sources)) environment.set(name, value);
  }
  for (const variable of container.env ?? []) {
    const value = variableValue(variable, environment, sources);
    if (value !== undefined) environment.set(variable.name, value);
  }
  for (const [name, value] of sources.services) if (!environment.has(name)) environment.set(name, value);
  return environment;
}

function fromObject(
  { prefix = "", configMapRef, secretRef }: EnvFromSource,
  sources: Sources,
): [string, string][] {
  const reference = configMapRef ?? secretRef;
  if (reference === undefined) return [];
  const kind = configMapRef ? "ConfigMap" : "Secret";
  const data = required(kind, reference, sources);
  return [...(data ?? [])].flatMap(([key, value]): [string, string][] =>
    isVariableName(prefix + key) ? [[prefix + key, value]] : [],
  );
}

/** Undefined for an optional source that is not there: the variable is then not set at all. */
function variableValue(
  { value, valueFrom }: EnvVar,
  environment: ReadonlyMap<string, string>,
  sources: Sources,
): string | undefined {
  if (value) return expand(value, (name) => environment.get(name) ?? sources.services.get(name));
  if (valueFrom?.fieldRef) return sources.field(valueFrom.fieldRef.fieldPath);
  if (valueFrom?.configMapKeyRef) return fromKey("ConfigMap", valueFrom.configMapKeyRef, sources);
  if (valueFrom?.secretKeyRef) return fromKey("Secret", valueFrom.secretKeyRef, sources);
  return "";
}

interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}

function fromKey(
  kind: "ConfigMap" | "Secret",
  reference: Reference & { readonly key: string },
  sources: Sources,
): string | undefined {
  const value = required(kind, reference, sources)?.get(reference.key);
  if (value !== undefined || reference.optional) return value;
  throw new ContainerError(
    "CreateContainerConfigError",
    `couldn't find key ${reference.key} in ${kind} ${reference.name}`,
  );
}

function required(
  kind: "ConfigMap" | "Secret",
  { name = "", optional = false }: Reference,
  sources: Sources,
) {
  const data = sources.data(kind, name);
  if (data !== undefined || optional) return data;
  throw new ContainerError("CreateContainerConfigError", `${kind.toLowerCase()} "${name}" not found`);
}

/** Any printable ASCII but `=`, as since Kubernetes 1.32 (RelaxedEnvironmentVariableValidation). */
function isVariableName(name: string): boolean {
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(name);
}
